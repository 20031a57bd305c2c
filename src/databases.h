/*
 * databases -- from the settings of the databases to what serves from them.
 *
 * Main thread, before there are others.
 */
#ifndef TICKR_DATABASES_H
#define TICKR_DATABASES_H

#include <stdbool.h>

#include "base/attributes.h"
#include "command_line.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "state/state_file.h"
#include "store/store.h"

/* NULL, with a line in the log, when this tickrd was built without the store that is asked for. */
const struct store *databases_store(const struct config *config) MUST_CHECK;

/* Start the store's library; false with a line in the log. Its end() is due afterwards. */
bool databases_begin(const struct store *store) MUST_CHECK;

/* How many sessions serve tickets, of each database. */
unsigned databases_sessions(const struct config *config, const struct store *store);

/*
 * How many descriptors all of them may need together while they serve: sessions that are opened, files
 * of SQLite, state files.
 */
uint64_t databases_descriptors(const struct config *config, const struct store *store);

/*
 * Open the state file of each, where there is a folder for them, into STATES, which has room for
 * MOST_DATABASES. False, with a line in the log, when one cannot be had; then none is open.
 */
bool databases_open_states(const struct config *config, struct state_file **states) MUST_CHECK;
void databases_close_states(struct state_file **states);

/*
 * The dispatcher over all of them, and their names for the metrics. CONFIG and STATES outlive it.
 * LISTENER is told of each look at a database.
 */
struct dispatch *databases_dispatch(const struct config *config, const struct store *store,
				    struct state_file *const *states,
				    const struct pool_listener *listener) MUST_CHECK;

/* tickrd createdb: make what is missing in each, and say what there is; the process's exit status. */
int databases_create(const struct config *config, const struct command_line *line);

/* tickrd advance: move the counter of one past a ticket; the process's exit status. */
int databases_advance(const struct config *config, const struct command_line *line);

/* tickrd check-config, where CONFIG itself is good: whether we were built for it; the exit status. */
int databases_check(const struct config *config);

#endif
