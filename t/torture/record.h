/*
 * record -- a request of a client and its outcome. The clients write records, and the checker reads them.
 *
 * A file holds the records of one client, in the order of the answers. A client is a thread that waits for each
 * answer, or the torture itself. The records of a client contain all tickets that it got.
 * Times are microseconds of CLOCK_MONOTONIC. Perl writes records too: pack 'Q< Q< L< L< L< L< S< C C x4'.
 */
#ifndef TORTURE_RECORD_H
#define TORTURE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

enum record_kind {
	RECORD_TICKETS,	    /* 200: FIRST, INCREMENT and COUNT are the tickets, or the ids of KEY */
	RECORD_STATUS,	    /* another STATUS, or a wrong answer, for INCREMENT tickets */
	RECORD_CLOSED,	    /* the connection ended before the answer was complete */
	RECORD_UNREACHABLE, /* the client could not connect and sent no request */
	RECORD_HUNG,	    /* neither an answer nor the end arrived in time */
};

enum record_flag {
	RECORD_IS_FIRST = 1,  /* the first of its connection */
	RECORD_IS_BEHIND = 2, /* sent while an earlier request had no answer */
	RECORD_IS_WRONG = 4,  /* another number of tickets than requested, or not a progression */
	RECORD_IS_STRONG = 8, /* its ids must be above those of all earlier answers of the key */
};

struct record {
	uint64_t first;
	uint64_t asked_us; /* before the request was sent */
	uint32_t took_us;  /* until the answer or the end */
	uint32_t count;
	uint32_t increment;
	uint32_t key;	 /* a named sequence, see below; 0: tickets */
	uint16_t status; /* of HTTP; 0: none */
	uint8_t server;	 /* index of the port among the client's arguments */
	uint8_t marks;	 /* the kind in the low four bits, flags in the high four */
	uint32_t unused;
};

_Static_assert(sizeof(struct record) == 40, "a record has no holes");

/* The number of a store, 0 for the server's own, and below this the number of a sequence in it, from 1 on. */
#define RECORD_STORE_KEYS 10000

#define RECORD_MARKS(kind, flags) ((uint8_t)((kind) | (flags) << 4))
#define RECORD_KIND(record)	  ((enum record_kind)((record)->marks & 15))
#define RECORD_HAS(record, flag)  (((record)->marks >> 4 & (flag)) != 0)

static inline uint64_t
record_came_us(const struct record *record)
{
	return record->asked_us + record->took_us;
}

static inline bool
record_gave_tickets(const struct record *record)
{
	return RECORD_KIND(record) == RECORD_TICKETS;
}

#endif
