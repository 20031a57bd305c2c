/*
 * dispatch -- several databases, one answer.
 *
 * Stands between those that reserve and the pools, and is a source as they are. A reservation goes to
 * one of the databases that are in service. If that database fails, or does not answer soon, the
 * dispatcher asks another one, until the reservation expires. A database that fails or hangs is out of
 * service immediately, so that no other reservation waits for it. It is in service again when it has
 * answered its own pool.
 *
 * With one database the dispatcher has no part in a reservation: its source is that of the pool.
 */
#ifndef TICKR_DISPATCH_DISPATCH_H
#define TICKR_DISPATCH_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "pool/pool.h"
#include "ticket/database.h"
#include "ticket/reservation.h"

struct dispatch_settings {
	const struct pool_settings *pools; /* copied; numbered from 0, and each with a name */
	size_t count;			   /* 1 .. MOST_DATABASES */
	bool is_failover;		   /* ask the first in service, rather than each in turn */
	uint64_t pool_timeout_ms;	   /* of reservations; an attempt may take a part of it */
};

struct dispatch;

struct dispatch *dispatch_new(const struct dispatch_settings *settings) MUST_CHECK;

/* Start the threads. False, with errno: the system cannot create one. */
bool dispatch_start(struct dispatch *d) MUST_CHECK;

/* Wait until each database is known to be up or down, for at most MS in all. */
void dispatch_wait_looked(struct dispatch *d, uint64_t ms);

/*
 * The dispatcher as a source; with one database, its pool. Answers come from threads of the pools or of
 * the dispatcher. With several databases, a reservation can also be withdrawn while a session works on
 * it. Its answer comes soon after its deadline at the latest, unless a session works on it and no other
 * database is in service.
 */
struct source dispatch_source(struct dispatch *d);

/*
 * Fill STATES, which has room for all databases, with the knowledge of at most 1 s ago. Return their
 * count.
 */
size_t dispatch_states(struct dispatch *d, struct database_state *states);

/*
 * The operator drains DATABASE: no reservation goes there any more. When those that are there were
 * answered, its sessions are closed. False: no other database is in service.
 */
bool dispatch_drain(struct dispatch *d, size_t database) MUST_CHECK;

/* The operator gives DATABASE back. It is in service again when it has answered. */
void dispatch_resume(struct dispatch *d, size_t database);

/*
 * End the threads, and answer the reservations that are left. Meanwhile only an answer function may
 * submit again; that reservation fails with TICKET_DRAINING. False: a pool has not ended by DEADLINE_MS
 * of clock_ms(), and the dispatcher must not be freed.
 */
bool dispatch_stop(struct dispatch *d, uint64_t deadline_ms) MUST_CHECK;

/* After that: give unused BASES back to the database of SPACE, see pool_give_back(). */
bool dispatch_give_back(struct dispatch *d, const struct ticket_space *space,
			const struct ticket_range *bases) MUST_CHECK;
void dispatch_free(struct dispatch *d);

#endif
