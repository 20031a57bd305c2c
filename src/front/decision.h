/*
 * decision -- decides the order in which a sequence serves a request, or refuses it. Pure; any thread.
 */
#ifndef TICKR_FRONT_DECISION_H
#define TICKR_FRONT_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/sequence.h"

#define FRONT_MOST_SCRAMBLED 10000 /* scrambled ids in one request: each takes microseconds */

/* The order that a request names. */
enum front_order { FRONT_ORDER_STRONG, FRONT_ORDER_WEAK, FRONT_ORDER_NOT_NAMED };

struct front_wish {
	enum front_order order;
	enum sequence_order fallback; /* of the protocol, for undeclared sequences */
	uint32_t count;
	bool is_group; /* the request names the group format */
	bool is_whole; /* the answer is a group, named or by default: the ids must be one progression */
};

/*
 * Decide the ORDER in which a sequence with POLICY serves WISH. A declared sequence is never served weaker than
 * its policy. A sequence made by a first use follows each request. DATABASES: their number. False: REASON names
 * a request that is served.
 */
bool front_decide(const struct sequence_policy *policy, const struct front_wish *wish,
		  size_t databases, enum sequence_order *order, struct text *reason) MUST_CHECK;

#endif
