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
		*space; /* of its tickets; NULL: the bases are values of a clock */
	uint64_t
		went_to; /* where the counter was found; 0: in the last run, which did not note it */
	uint64_t known;
	uint64_t floor;
	uint64_t latch;
};

void trust_explain(const struct trust_refusal *refusal, struct text *reason);

#endif
