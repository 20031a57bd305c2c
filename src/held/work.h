/*
 * work -- the fetches of one sequence that are out, and the reservations that wait for them.
 *
 * Under the lock of the shard, except for the reservation of a fetch, which the source has while it is out.
 *
 * DESIGN. Usually one fetch is out. There are more if it is late, because its session may hang. As soon as one
 * of them succeeds, or a strong reservation is answered, the numbers of the others may be lower than issued
 * ones. Such a fetch is past. Reservations that arrived before that moment may still have its numbers, because
 * they overlap in time with the answers. All others need a fetch that begins later.
 *
 * So each waiting reservation has the number of its arrival, in its carrier. A fetch that is past knows until
 * which arrival it may serve.
 */
#ifndef TICKR_HELD_WORK_H
#define TICKR_HELD_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/attributes.h"
#include "base/mail.h"
#include "ticket/reservation.h"

#define FETCH_FOR_ALL UINT64_MAX

struct held;
struct held_key;

struct held_fetch {
	struct reservation reservation;
	LIST_ENTRY(held_fetch) link;	   /* in its work */
	SLIST_ENTRY(held_fetch) to_submit; /* when the lock was given back */
	struct held *held;
	struct held_key *key;
	uint64_t serves_until; /* an arrival; FETCH_FOR_ALL: it is not past */
	uint32_t refusals;     /* of databases, before it began */
	uint32_t ahead;	       /* of its numbers: for later */
	bool is_ahead_only;
};

LIST_HEAD(held_fetches, held_fetch);
SLIST_HEAD(held_new_fetches, held_fetch);

/* Exists while a fetch of the sequence is out. Each reservation that waits has a fetch that may serve it. */
struct held_work {
	LIST_ENTRY(held_work) link; /* in its shard */
	struct held_key *key;
	struct held_fetches fetches;
	struct mail_list waiting;
	uint64_t arrivals; /* reservations that waited here, ever */
	uint64_t late_ms;  /* when the fetches that are out are late */
	bool is_single;	   /* a fetch for many failed, so fetch for the first reservation alone */
};

LIST_HEAD(held_works, held_work);

struct held_work *held_work_new(struct held_key *key) MUST_CHECK;

/* Let RESERVATION wait in WORK, as the last one. */
void held_work_wait(struct held_work *work, struct reservation *reservation);

/* How many numbers the next fetch must bring for the reservations that wait. */
uint64_t held_work_waited(const struct held_work *work) MUST_CHECK;

/* How many fetches are out. */
unsigned held_work_out(const struct held_work *work) MUST_CHECK;

/* Whether the fetches that are out may serve the last reservation that waits. */
bool held_work_is_covered(const struct held_work *work) MUST_CHECK;

/* From now on higher numbers may be issued: all fetches that are out become past. */
void held_work_pass(struct held_work *work);

/* The first reservation that waits, if a fetch that serves until the arrival UNTIL may serve it; else NULL. */
struct reservation *held_work_first(const struct held_work *work, uint64_t until) MUST_CHECK;

/* Move the first RESERVATION that waits to ANSWERED, with BASES of SPACE. */
void held_work_answer(struct held_work *work, struct reservation *reservation,
		      const struct ticket_range *bases, const struct ticket_space *space,
		      struct mail_list *answered);

/*
 * The fetch BROUGHT failed for its size. If it was for more than the first reservation that waits, fetch for that
 * alone next. Else fail all that want as many or more.
 */
void held_work_shrink(struct held_work *work, const struct reservation *brought,
		      struct mail_list *answered);

#endif
