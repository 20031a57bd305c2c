/*
 * databases -- makes the pools and the dispatcher from the settings.
 *
 * Main thread, before there are other threads.
 */
#ifndef TICKR_DATABASES_H
#define TICKR_DATABASES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/attributes.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "state/state_file.h"
#include "store/store.h"

/* Return the store of CONFIG. NULL, with a line in the log: this tickrd was built without it. */
const struct store *databases_store(const struct config *config) MUST_CHECK;

/* Start the store's library, so that its end() is due. False, with a line in the log: it cannot start. */
bool databases_begin(const struct store *store) MUST_CHECK;

/* Return how many sessions of each database serve tickets. */
unsigned databases_sessions(const struct config *config, const struct store *store);

/* Return how many sessions of each database serve named sequences; 0: there are none. */
unsigned databases_sequence_sessions(const struct config *config, const struct store *store);

/*
 * Return how many descriptors all databases may need together: for sessions, also while they open, for the
 * files of SQLite, and for state files.
 */
uint64_t databases_descriptors(const struct config *config, const struct store *store);

/*
 * Set STATES, which has room for MOST_DATABASES, to the open state files of the databases. Without a state
 * folder they are NULL. False, with a line in the log: one cannot be opened, and none is open.
 */
bool databases_open_states(const struct config *config, struct state_file **states) MUST_CHECK;
/* The same for the state files of the named sequences. Without these they are NULL. */
bool databases_open_sequence_states(const struct config *config,
				    struct state_file **states) MUST_CHECK;
void databases_close_states(struct state_file **states);

/*
 * Make the dispatcher over all databases, and name them in the metrics. CONFIG and STATES outlive it.
 * LISTENER hears of each check of a counter.
 */
struct dispatch *databases_dispatch(const struct config *config, const struct store *store,
				    struct state_file *const *states,
				    const struct pool_listener *listener) MUST_CHECK;

/*
 * Make the dispatcher over the named sequences of all databases; NULL: there are none. It is a source of numbers
 * of sequences, and POLICIES hears of changed policies. As above otherwise.
 */
struct dispatch *databases_sequences(const struct config *config, const struct store *store,
				     struct state_file *const *states,
				     const struct pool_listener *listener,
				     const struct pool_policies *policies) MUST_CHECK;

/* tickrd check-config, if CONFIG itself is good: check that its store was built. Return the exit status. */
int databases_check(const struct config *config);

/* If a command has COUNT databases, more than one, print to TO which one the next lines are about: DATABASE. */
void databases_print_heading(const struct store_settings *database, size_t count, FILE *to);

/* Write to the log that the server serves from STORE with the settings CONFIG. */
void databases_announce(const struct config *config, const struct store *store);

#endif
