/*
 * sequence_scope -- the named sequences that a command works on. They are in the server's own databases, which are
 * store `tickr`, or in a store of TICKR_SEQUENCERS_FILE.
 *
 * Any thread; the settings outlive the scope.
 */
#ifndef TICKR_SEQUENCE_SCOPE_H
#define TICKR_SEQUENCE_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"
#include "store/store.h"

struct sequence_scope {
	const struct config *config;
	const struct sequencer *sequencer; /* NULL: the own databases */
	const struct store *library;	   /* has begin(), end() and create() */
	const struct store *store;	   /* of the named sequences */
	const struct store_settings *databases;
	size_t count;	    /* of the databases, 1 or more */
	const char *prefix; /* of the names in the databases, see front/rewrite.h */
	bool is_exclusive;  /* the server that runs must carry out the commands */
};

/*
 * Fill SCOPE with the store NAME of CONFIG; "" is the store `tickr`. False: there is no such store, or it has no named
 * sequences, and PROBLEM says why.
 */
bool sequence_scope_find(struct sequence_scope *scope, const struct config *config,
			 const char *name, struct text *problem) MUST_CHECK;

/* Return whether the store forgets its sequences with its server, so that no other process sees them. */
bool sequence_scope_forgets(const struct sequence_scope *scope) MUST_CHECK;

#endif
