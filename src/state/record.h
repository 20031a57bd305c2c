/*
 * record -- what a state file says, as text. Pure; any thread.
 *
 *	tickr state 1
 *	space 10 3 326			max_nodes, node_number, starting_offset
 *	step 1				the classes are base mod 1
 *	class 0 given 1041 ahead 2041	a line for each class of which something is known
 *	checksum 79f9486a79beba8f	FNV-1a of all above
 *
 * GIVEN is the highest base that is known to have been given; no base above AHEAD has been.
 * One record has one text only: a reader that meets any other takes it for damaged.
 */
#ifndef TICKR_STATE_RECORD_H
#define TICKR_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"
#include "state/classes.h"
#include "ticket/space.h"

/* As much as a record can be, its NUL included: a class takes up to 66 bytes. */
#define RECORD_SIZE (256 + CLASSES_MOST * 66)

/* The two have the same step. Release with record_free(). */
struct record {
	struct ticket_space space;
	struct classes given;
	struct classes ahead;
};

/* Add the text of RECORD; RECORD_SIZE is room enough. */
void record_write(const struct record *record, struct text *text);

/* Fill RECORD, which is zeroed, from LEN bytes. False: it stays so, and PROBLEM says what is wrong. */
bool record_read(struct record *record, const char *bytes, size_t len,
		 struct text *problem) MUST_CHECK;

void record_free(struct record *record);

#endif
