/*
 * record -- the content of a state file, as text. Pure; any thread.
 *
 *	tickr state 2
 *	space 10 3 326			max_nodes, node_number, starting_offset
 *	database 0f3a..			the identity of the database, if it has one
 *	instance 77c0.. count 8 ahead 1032	the server's row in a database of named sequences
 *	step 1				the classes are base mod 1
 *	class 0 given 1041 ahead 2041	a line for each class with a known base
 *	refused 0 latch 4		the class waits for an operator, see pool/trust.h
 *	checksum 79f9486a79beba8f	FNV-1a of the lines above
 *
 * GIVEN is the highest base that was certainly issued. No base above AHEAD was issued.
 * COUNT is how often the instance has certainly counted in its row. No count above AHEAD was reached.
 * A record has exactly one text, and the reader refuses any other text as damaged. A record with an instance is
 * written as version 3. One without identity and refusal is version 1, which has neither line.
 */
#ifndef TICKR_STATE_RECORD_H
#define TICKR_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/random.h"
#include "base/text.h"
#include "state/classes.h"
#include "ticket/space.h"

/* The longest text with its NUL: a class takes up to 66 bytes, its refusal up to 43. */
#define RECORD_SIZE (320 + CLASSES_MOST * (66 + 43))

/* All classes have the same step, except that latches may be empty. Release with record_free(). */
struct record {
	struct ticket_space space;
	char identity[RANDOM_ID_SIZE]; /* of the database; "": unknown */
	char instance
		[RANDOM_ID_SIZE]; /* the id of the server in a database of named sequences; "": none */
	uint64_t count;		  /* of the instance, certainly; at most COUNT_AHEAD */
	uint64_t count_ahead;
	struct classes given;
	struct classes ahead;
	struct classes latches; /* 0: the class is not refused */
};

/* Add the text of RECORD, which is less than RECORD_SIZE bytes long. */
void record_write(const struct record *record, struct text *text);

/* Parse LEN bytes into RECORD, which is zeroed. Return false, with PROBLEM and RECORD still zeroed, if they are damaged. */
bool record_read(struct record *record, const char *bytes, size_t len,
		 struct text *problem) MUST_CHECK;

/* Replace TO, zeroed or used, with a copy of FROM. */
void record_copy(struct record *to, const struct record *from);

void record_free(struct record *record);

#endif
