/*
 * pinned -- the settings that a database was made for, beside those of this server. Pure; any thread.
 */
#ifndef TICKR_STORE_PINNED_H
#define TICKR_STORE_PINNED_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/space.h"

/* Whether PINNED is what we are SET to; if not, REASON shows both. */
bool pinned_fits(const struct ticket_space *pinned, const struct ticket_space *set,
		 struct text *reason) MUST_CHECK;

/* SPACE as the variables that make it. */
void pinned_describe(const struct ticket_space *space, struct text *text);

/* A counter that was found stands at FOUND, and was to stand at WANTED, a base of SPACE, at least. */
void pinned_explain_behind(const struct ticket_space *space, uint64_t found, uint64_t wanted,
			   struct text *reason);

#endif
