/*
 * looks -- opens one session on every database before the server is ready, to check the database.
 *
 * A database that the server must not serve from stops the start, with an exit status that says so. A database
 * that is down does not. The client library may wait for a name server for 40 s, whatever its time-outs are. So
 * each database has a thread of its own, and one time limit bounds all of them. Main thread.
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

/*
 * Wait for all looks. Log each database that is refused. Return false if all of them are.
 */
bool looks_are_acceptable(struct looks *looks) MUST_CHECK;

/*
 * Free LOOKS. Return false, with nothing freed, if a look has not ended. Then the process must end without
 * freeing CONFIG or ending the library of the store, which that look uses.
 */
bool looks_free(struct looks *looks) MUST_CHECK;

#endif
