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
	uint64_t broken; /* breaches so far */
};

/* Count a breach. Return true if it is one of the first few, whose evidence is printed. */
bool promise_breaks(struct promise *promise) MUST_CHECK;

/* Print a line of TAP for each promise, after its evidence. Return true if all were kept. */
bool promises_check(const struct run *run) MUST_CHECK;

#endif
