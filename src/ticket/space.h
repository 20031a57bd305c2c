/*
 * space -- the arithmetic between a database's numbers (bases) and tickets.
 *
 *	ticket = (base - 2) * max_nodes + node_number + starting_offset
 *
 * A fresh table holds the base 1. So the first reserved base is 2, and the first ticket of node 0 is the
 * starting offset. The space {1, 0, 1} numbers a sequence from 1. Pure; any thread.
 *
 * The space of Snowflake ids is another one: its bases are the numbers of ticket/snowflake_id.h. Bases that follow
 * each other are a progression of ids only within one millisecond.
 */
#ifndef TICKR_TICKET_SPACE_H
#define TICKR_TICKET_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "ticket/range.h"

#define SPACE_FIRST_BASE  2
#define SPACE_MOST_NODES  1000000000 /* increments stay far below 2^63 */
#define SPACE_LAST_TICKET INT64_MAX  /* databases and languages with signed ids read it too */

/* The reason of TICKET_EXHAUSTED. */
#define SPACE_EXHAUSTED                                               \
	"the space of tickets is exhausted: the next one would pass " \
	"9223372036854775807"

struct ticket_space {
	uint64_t max_nodes; /* 1 .. SPACE_MOST_NODES; 0: Snowflake ids, see space_of_snowflakes() */
	uint64_t node_number;	  /* 0 .. max_nodes - 1 */
	uint64_t starting_offset; /* 0 .. SPACE_LAST_TICKET */
};

/* The space of the Snowflake ids of NODE, PER_MS in each millisecond. */
struct ticket_space space_of_snowflakes(uint32_t node, uint32_t per_ms);
bool space_is_of_snowflakes(const struct ticket_space *space) MUST_CHECK;

/* Bases, and the space that makes tickets of them. */
struct ticket_piece {
	struct ticket_range bases;
	const struct ticket_space *space; /* outlives the piece */
};

/* The ticket of BASE. False: BASE is below the first, or its ticket would pass SPACE_LAST_TICKET. */
bool space_ticket(const struct ticket_space *space, uint64_t base, uint64_t *ticket) MUST_CHECK;

/* The inverse. False: TICKET has no base in this space. */
bool space_base(const struct ticket_space *space, uint64_t ticket, uint64_t *base) MUST_CHECK;

/* The highest base whose ticket is not above TICKET; one below the first base if there is none. */
uint64_t space_base_up_to(const struct ticket_space *space, uint64_t ticket);

/*
 * The tickets of BASES, which are not empty, as one progression. False: one of them has none, or Snowflake ids are no
 * progression.
 */
bool space_tickets(const struct ticket_space *space, const struct ticket_range *bases,
		   struct ticket_range *tickets) MUST_CHECK;

/*
 * NUMBERS (not empty) of a named sequence as ids: number N, from 1, is base N + 1. False when any of them has none.
 */
bool space_ids(const struct ticket_space *space, const struct ticket_range *numbers,
	       struct ticket_range *ids) MUST_CHECK;

/* The id of NUMBER of a named sequence, 1 or more; the last id of the space, if NUMBER is beyond it. */
uint64_t space_id_up_to(const struct ticket_space *space, uint64_t number);

/*
 * Take the bases at the front of BASES, which are not empty, whose tickets are one progression, and return these. All of
 * them, unless they are Snowflake ids. False: one of them has none.
 */
bool space_take_progression(const struct ticket_space *space, struct ticket_range *bases,
			    struct ticket_range *tickets) MUST_CHECK;

/* Write the tickets of BASES to TICKETS, which has room for them. False: one of them has none. */
bool space_list(const struct ticket_space *space, const struct ticket_range *bases,
		uint64_t *tickets) MUST_CHECK;

/* How many of BASES, from the first on, have a ticket. */
uint32_t space_count(const struct ticket_space *space, const struct ticket_range *bases);

/* The base of the last ticket; below the first base if the space holds none. */
uint64_t space_last_base(const struct ticket_space *space);

/* How many tickets the space still holds after BASE. */
uint64_t space_left(const struct ticket_space *space, uint64_t base);

bool space_equals(const struct ticket_space *a, const struct ticket_space *b) MUST_CHECK;

#endif
