/*
 * descriptors -- limits the connections of clients, so that descriptors stay free for the server.
 *
 * While it serves, a server needs descriptors of its own. It saves the state file, reconnects to a
 * database, looks up names and answers the operator. If clients took all of them, tickets would stop on open
 * connections too. So a reserve is kept back, and clients get the rest. One limit counts the
 * connections of all loops. Any thread may call the functions about a limit. The main thread calls
 * the others.
 */
#ifndef TICKR_LOOP_DESCRIPTORS_H
#define TICKR_LOOP_DESCRIPTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

/* With the lowest limit of open files, clients still get this many connections if descriptors are free. */
#define LEAST_CONNECTIONS 64

struct connection_limit {
	uint64_t most; /* set before there are threads */
	_Atomic uint64_t open;
	_Atomic uint64_t reached_ms; /* when the limit was reached; 0: it is not reached */
	_Atomic uint64_t
		failing_ms; /* when the system began to refuse connections; 0: it accepts */
	_Atomic uint64_t last_failed_ms; /* when the system last refused one */
};

/* Raise the limit of open files as far as allowed. Return the limit, UINT64_MAX if there is none. */
uint64_t descriptors_raise_limit(void);

/* Return how many descriptors the process has open. */
uint64_t descriptors_in_use(void);

/*
 * Return how many connections may be open, at least 1. The process may open LIMIT descriptors, has
 * IN_USE open, and needs RESERVE more. *IS_SHORT: the reserve had to be cut.
 */
uint64_t descriptors_for_connections(uint64_t limit, uint64_t in_use, uint64_t reserve,
				     bool *is_short);

/*
 * Count a connection. Return false if it is the last one that is allowed: then stop accepting. Each loop
 * may exceed the limit by one.
 */
bool connection_limit_enter(struct connection_limit *limit) MUST_CHECK;
void connection_limit_leave(struct connection_limit *limit);
bool connection_limit_has_room(const struct connection_limit *limit);

/*
 * Note a change of state, for one line in the log. Each function returns true to one caller only. The
 * limit counts as reached until a sixteenth of the connections has been closed. The system counts as
 * refusing until it has refused none for a second. *SINCE_MS is when the state that ends began.
 */
bool connection_limit_is_reached_now(struct connection_limit *limit, uint64_t now_ms);
bool connection_limit_is_over_now(struct connection_limit *limit, uint64_t *since_ms);
bool connection_limit_fails_now(struct connection_limit *limit, uint64_t now_ms);
bool connection_limit_recovers_now(struct connection_limit *limit, uint64_t now_ms,
				   uint64_t *since_ms);

#endif
