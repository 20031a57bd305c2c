/*
 * looks -- looks at every database once, before the server is ready.
 *
 * A database that must not be served from is refused here, with an exit status that says so. A database
 * that is away does not stop the start. All are asked together, a thread each, and one time bounds them
 * all: the client library may hang in a name server for 40 s, whatever its time-outs are. Main thread.
 */
#ifndef TICKR_LOOKS_H
#define TICKR_LOOKS_H

#include <stdbool.h>

#include "base/attributes.h"
#include "config/config.h"
#include "store/store.h"

struct looks;

/* Begin to look at the databases of CONFIG, which outlives the looks. */
struct looks *looks_new(const struct config *config, const struct store *store) MUST_CHECK;

/* Wait for them. False, with a line in the log for each, if every database is refused. */
bool looks_are_acceptable(struct looks *looks) MUST_CHECK;

/*
 * False if some look has not ended: nothing was freed, and the process must end without what the looks
 * use, that is CONFIG and the library of the store.
 */
bool looks_free(struct looks *looks) MUST_CHECK;

#endif
