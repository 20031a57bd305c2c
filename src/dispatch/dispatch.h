/*
 * dispatch -- several databases, one answer.
 *
 * Stands between those who reserve and the pools, and is called as a pool is. A reservation
 * goes to one of the databases that are in service; where that one fails, or has not answered
 * in good time, it is asked of another, as long as its own time is not up. A database that
 * fails or hangs is out of service at once, so that nobody else waits for it, and back by
 * itself when it has answered its own pool well.
 *
 * With one database there is nothing to choose: its pool is called directly. Over pools of named sequences, a strong
 * reservation and a task that reads go to the database with the lowest node number. That database may be out of service. Ids of one
 * database rise for all servers. Weak reservations go to any.
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
	bool is_failover;		   /* the first that is well, rather than each in turn */
	bool is_of_sequences;		   /* over pools of named sequences */
	uint64_t pool_timeout_ms;	   /* what reservations have: attempts have a part of it */
};

struct dispatch;

struct dispatch *dispatch_new(const struct dispatch_settings *settings) MUST_CHECK;

/* Start the threads; false, with errno, when the system gives none. */
bool dispatch_start(struct dispatch *d) MUST_CHECK;

/* Wait until each database was looked at once, well or not; no longer than MS in all. */
void dispatch_wait_looked(struct dispatch *d, uint64_t ms);

/*
 * Takes RESERVATION until its answer, which runs in a thread of a pool or of the dispatcher. With
 * several databases the answer comes soon after the deadline at the latest, unless some session is
 * at work on it and no other database is in service.
 */
void dispatch_submit(struct dispatch *d, struct reservation *reservation);

/*
 * Take RESERVATION back. False when its answer is on the way, or, with one database, when a session
 * has begun with it. On true the reservation's reason says why there is no answer.
 */
bool dispatch_withdraw(struct dispatch *d, struct reservation *reservation) MUST_CHECK;

/* Why there is no answer, for people. */
void dispatch_explain(struct dispatch *d, struct text *reason);

/* What is known of each database, from at most 1 s ago. STATES has room for all; how many they are. */
size_t dispatch_states(struct dispatch *d, struct database_state *states);

/*
 * The operator takes DATABASE out: nothing more is asked of it, what it is at is answered, then its
 * sessions are closed. False when no other is in service. Over named sequences it is always allowed.
 */
bool dispatch_drain(struct dispatch *d, size_t database) MUST_CHECK;

/* The operator gives it back: it is in service when it has answered well. */
void dispatch_resume(struct dispatch *d, size_t database);

/*
 * End the threads and answer what is left. Only who is answered may submit once more meanwhile, and
 * hears that the server stops. False when some pool has not ended by DEADLINE_MS of clock_ms():
 * then the dispatcher must not be freed.
 */
bool dispatch_stop(struct dispatch *d, uint64_t deadline_ms) MUST_CHECK;

/* After that: BASES of the database of SPACE, which nobody got, are given back; see pool_give_back(). */
bool dispatch_give_back(struct dispatch *d, const struct ticket_space *space,
			const struct ticket_range *bases) MUST_CHECK;
void dispatch_free(struct dispatch *d);

#endif
