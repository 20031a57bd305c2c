/*
 * memory_sequences -- named sequences without a database: their specification, and the test double.
 *
 * They are part of the script of a memory store (memory.h), and its mutex guards them. Opening, hanging and the
 * identity are those of the script, and so is the time that a statement takes.
 */
#ifndef TICKR_STORE_MEMORY_SEQUENCES_H
#define TICKR_STORE_MEMORY_SEQUENCES_H

#include "store/store.h"

struct memory_row;
struct memory_script;

struct memory_rows {
	struct memory_row **all; /* sorted by name; owned */
	size_t count, room;
};

struct memory_sequences {
	struct memory_rows rows;
	struct memory_rows copy; /* see memory_sequences_restore_copy() */

	bool is_stale;	     /* newest() and instance() read the copy, as on a replica that lags */
	unsigned fail_every; /* each so-manyth statement fails; 0: none */
	enum store_result failure;
	bool loses_after; /* a failing statement has moved its rows anyway */

	/* Each so-manyth statement returns the numbers of the last one again; 0: none. */
	unsigned repeat_every;
	/* Each so-manyth statement moves its sequences twice as far as the clock; 0: none. */
	unsigned leap_every;

	/* Seen so far: */
	uint64_t statements; /* calls of move() */
	uint64_t looks;	     /* calls of newest() */
	uint64_t raises;     /* those that moved the clock */
	uint64_t opened;
	uint64_t closed;
};

extern const struct store memory_sequences_store;

void memory_sequences_init(struct memory_sequences *sequences);
void memory_sequences_destroy(struct memory_sequences *sequences);

/* Keep a copy of all rows; and return to it, as often as wanted. With the script locked. */
void memory_sequences_keep_copy(struct memory_sequences *sequences);
void memory_sequences_restore_copy(struct memory_sequences *sequences);

/* The clock, for tests. With the script locked. */
uint64_t memory_sequences_clock(const struct memory_sequences *sequences);

#endif
