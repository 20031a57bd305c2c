/*
 * looks -- opens one session on every database before the server is ready, to check the database.
 *
 * A database from which the server must not serve is refused here, with an exit status that says so. A database
 * that is away does not stop the start. Each database has a thread of its own, and one time limit bounds them
 * all: the client library may hang in a name server for 40 s, whatever its time-outs are. Main thread.
 */
#ifndef TICKR_LOOKS_H
#define TICKR_LOOKS_H

#include <stdbool.h>

#include "base/attributes.h"
#include "config/config.h"
#include "store/store.h"

struct looks;

/* Begin to check the databases of CONFIG, which outlives the looks. */
struct looks *looks_new(const struct config *config, const struct store *store) MUST_CHECK;

/* Wait for all looks. False, with a line in the log for each: every database is refused. */
bool looks_are_acceptable(struct looks *looks) MUST_CHECK;

/*
 * Free LOOKS. False: a look has not ended and nothing was freed. The process must then end without freeing
 * CONFIG or ending the library of the store, which that look uses.
 */
bool looks_free(struct looks *looks) MUST_CHECK;

#endif
