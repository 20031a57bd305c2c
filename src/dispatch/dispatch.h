/*
 * dispatch -- several databases, one answer.
 *
 * The dispatcher is a source in front of the pools, which are sources too. It sends each reservation to
 * one database that is in service. If that database fails, or does not answer soon, the dispatcher asks
 * another one, until the reservation expires. A database that fails or hangs is taken out of service
 * immediately, so that no other reservation waits for it. It returns to service after it has answered
 * its own pool.
 *
 * With one database, reservations do not pass through the dispatcher: its source is the pool's.
 *
 * Over pools of named sequences, a strong reservation goes to the database with the lowest node number, and so does
 * a task that reads. They wait while that database is out of service. So the ids of a strong sequence rise over all
 * servers. A weak reservation goes to any database.
 *
 * Any thread may submit and ask for states. The main thread calls the other functions.
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
	bool is_failover;		   /* ask the first one in service, not each in turn */
	bool is_of_sequences;		   /* the pools are of named sequences */
	uint64_t pool_timeout_ms;	   /* of reservations; an attempt may take a part of it */
};

struct dispatch;

struct dispatch *dispatch_new(const struct dispatch_settings *settings) MUST_CHECK;

/* Start the threads. Return false, with errno, if the system cannot create one. */
bool dispatch_start(struct dispatch *d) MUST_CHECK;

/* Wait until each database is known to be up or down, for at most MS in all. */
void dispatch_wait_known(struct dispatch *d, uint64_t ms);

/*
 * Return the dispatcher as a source, or with one database its pool. Threads of the pools and of the
 * dispatcher give the answers. With several databases, a reservation can be withdrawn even while a
 * session works on it. Each reservation is answered at the latest soon after its deadline. The one
 * exception is a reservation that a session works on while no other database is in service.
 */
struct source dispatch_source(struct dispatch *d);

/*
 * Fill STATES, which has room for all databases, with knowledge that is at most 1 s old. Return the
 * number of databases.
 */
size_t dispatch_states(struct dispatch *d, struct database_state *states);

/*
 * Drain DATABASE for the operator: send it no more reservations, and close its sessions after it has
 * answered the last one. Return false if no other database is in service. Over named sequences it is always allowed.
 */
bool dispatch_drain(struct dispatch *d, size_t database) MUST_CHECK;

/* End the drain of DATABASE for the operator. It returns to service after it has answered. */
void dispatch_resume(struct dispatch *d, size_t database);

/*
 * End the threads, and answer the reservations that are left. Meanwhile only answer functions may
 * submit, and their reservations fail with TICKET_DRAINING. Return false if a pool has not ended by
 * DEADLINE_MS of clock_ms(). Then the dispatcher must not be freed.
 */
bool dispatch_stop(struct dispatch *d, uint64_t deadline_ms) MUST_CHECK;

/* Give unused BASES back to the database of SPACE, after dispatch_stop(): see pool_give_back(). */
bool dispatch_give_back(struct dispatch *d, const struct ticket_space *space,
			const struct ticket_range *bases) MUST_CHECK;
void dispatch_free(struct dispatch *d); /* NULL is allowed */

#endif
