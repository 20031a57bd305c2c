/*
 * pinned -- compares the settings that are pinned in a database with those of this server. Pure; any thread.
 */
#ifndef TICKR_STORE_PINNED_H
#define TICKR_STORE_PINNED_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/space.h"

/* Return whether PINNED equals SET, the server's space; if not, REASON shows both. */
bool pinned_fits(const struct ticket_space *pinned, const struct ticket_space *set,
		 struct text *reason) MUST_CHECK;

/* Add the variables of SPACE, with their values. */
void pinned_describe(const struct ticket_space *space, struct text *text);

/* Explain that createdb found a counter at FOUND, and that it must be at WANTED or above, a base of SPACE. */
void pinned_explain_behind(const struct ticket_space *space, uint64_t found, uint64_t wanted,
			   struct text *reason);

#endif
