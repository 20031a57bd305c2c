/*
 * sequence_wish -- the policy that an operator asks for, in ids, and the policy of the table that follows from it.
 *
 * An operator names ids. The table has numbers, and each node makes an id of its own from a number. So a wish
 * becomes a policy only in the space of a database. Pure; any thread.
 */
#ifndef TICKR_SEQUENCE_WISH_H
#define TICKR_SEQUENCE_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/sequence.h"
#include "ticket/space.h"

/* A part that is not wished for stays as it is, or has its default. */
struct sequence_wish {
	bool has_first, has_most, has_order, has_form, has_width;
	uint64_t first; /* no id is below it */
	uint64_t most;	/* no id is above it */
	enum sequence_order order;
	enum sequence_form form;
	uint8_t width;
};

/*
 * Take the VALUE of an option: start, after, most, order, form or width. False: PROBLEM begins with the name of
 * the option, and has the allowed values.
 */
bool sequence_wish_set(struct sequence_wish *wish, const char *option, const char *value,
		       struct text *problem) MUST_CHECK;

/* Take each part that WISH does not have from COMMON. */
void sequence_wish_complete(struct sequence_wish *wish, const struct sequence_wish *common);

/* Add WISH as a query of HTTP, with its "?". sequence_wish_set() reads the parts again. */
void sequence_wish_add_query(const struct sequence_wish *wish, struct text *query);

/*
 * Change POLICY, the present or the default one, into that of WISH. The first number is rounded up to one whose
 * id in SPACE is not below the wish. The width limits the last number. False: PROBLEM says what does not fit.
 */
bool sequence_wish_apply(const struct sequence_wish *wish, const struct ticket_space *space,
			 struct sequence_policy *policy, struct text *problem) MUST_CHECK;

/* The last number whose id in SPACE is not above ID; 0: there is none. */
uint64_t sequence_wish_number(const struct ticket_space *space, uint64_t id);

#endif
