/*
 * trust_words -- tells an operator why a database is refused, and what to do. Pure; any thread.
 */
#ifndef TICKR_POOL_TRUST_WORDS_H
#define TICKR_POOL_TRUST_WORDS_H

#include <stdint.h>

#include "base/text.h"
#include "ticket/space.h"

/* The state of a refused class, see trust.h. */
struct trust_refusal {
	const struct ticket_space
		*space;	   /* of its tickets; NULL: the bases are values of a clock */
	const char *store; /* of the clock, see trust.h */
	uint64_t
		went_to; /* where the counter was found; 0: in the last run, which did not note it */
	uint64_t known;
	uint64_t floor;
	uint64_t latch;
};

/* Add the command that ends the refusal of the named sequences of STORE, see trust.h. */
void trust_words_add_command(const char *store, struct text *reason);

void trust_explain(const struct trust_refusal *refusal, struct text *reason);

#endif
