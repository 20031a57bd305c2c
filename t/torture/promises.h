/*
 * promises -- what a server promises, each held against all that was written down in a run.
 */
#ifndef TORTURE_PROMISES_H
#define TORTURE_PROMISES_H

#include "base/attributes.h"
#include "run.h"

/* A promise while a run is looked into for it. */
struct promise {
	const struct run *run;
	uint64_t broken; /* so many times */
};

/* It was broken once more; whether to show how, which is done for the first few. */
bool promise_breaks(struct promise *promise) MUST_CHECK;

/* Prints a line of TAP for each promise, behind the evidence; whether all were kept. */
bool promises_check(const struct run *run) MUST_CHECK;

#endif
