/*
 * group -- the reservations of one statement of named sequences: added up by sequence, and dealt afterwards.
 *
 * Belongs to one pool thread.
 */
#ifndef TICKR_POOL_GROUP_H
#define TICKR_POOL_GROUP_H

#include "pool/distinct.h"
#include "store/store.h"
#include "ticket/reservation.h"

/* One sequence of the statement, by its number in DISTINCT. */
struct group_part {
	uint64_t next; /* the number that is dealt next */
	uint64_t most;
	uint32_t revision;
	bool is_retired;
	bool is_strange;
};

struct group {
	struct distinct distinct;
	struct group_part parts[STORE_MOST_MOVES];
	struct store_move moves[STORE_MOST_MOVES]; /* sorted by the store */
	struct store_order order;
	uint64_t deadline_ms; /* the last one of the reservations */
};

/* Add up the reservations of LIST into the order. They have at most STORE_MOST_MOVES sequences. */
void group_gather(struct group *group, const struct mail_list *list);

/* The statement of the order has succeeded: prepare to deal its numbers. */
void group_take(struct group *group);

/* The part of RESERVATION, which was gathered. */
struct group_part *group_part_of(struct group *group, const struct reservation *reservation);

#endif
