/*
 * promises -- checks each promise of a server against the records of a run.
 */
#ifndef TORTURE_PROMISES_H
#define TORTURE_PROMISES_H

#include "base/attributes.h"
#include "run.h"

/* A promise while it is checked. */
struct promise {
	const struct run *run;
	bool is_of_sequences; /* else of tickets */
	uint32_t store;	      /* 0: ids of any store */
	uint64_t broken;      /* breaches so far */
};

/* Return true if RECORD is a request for tickets, or for ids, and the promise is about these. */
bool promise_needs(const struct promise *promise, const struct record *record) MUST_CHECK;

/* Return true if RECORD has tickets, or ids, of this promise. */
bool promise_is_served(const struct promise *promise, const struct record *record) MUST_CHECK;

/* Count a breach. Return true if it is one of the first few, whose evidence is printed. */
bool promise_breaks(struct promise *promise) MUST_CHECK;

/* Print a line of TAP for each promise, after its evidence. Return true if all were kept. */
bool promises_check(const struct run *run) MUST_CHECK;

#endif
