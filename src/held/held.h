/*
 * held -- numbers of weak sequences, reserved ahead: committed by the database, in memory, not yet issued.
 *
 *	allocator --take()--> held: answered from memory
 *	    '-----submit()--> held --fetch--> source (dispatcher, pool)
 *
 * The room stands between the allocators and their source, as segment/ does for the Tickr sequence, and is a source
 * itself, for weak reservations only. A fetch is an ordinary reservation, so fetches of many sequences share a
 * statement. It brings as many numbers as the own rate of the sequence uses in some seconds. A sequence that
 * is used rarely holds nothing, and each of its reservations is a fetch of the same count.
 *
 * The numbers of one sequence, and of one database, rise over all threads: a request that arrives after another
 * was answered gets higher ones. A reservation for more numbers than are held waits for the next fetch, or for a
 * later one, in order.
 *
 * Any thread. The sequences are in shards, each with a mutex that is held for a few instructions.
 */
#ifndef TICKR_HELD_HELD_H
#define TICKR_HELD_HELD_H

#include <stdint.h>

#include "base/attributes.h"
#include "ticket/sequence.h"
#include "ticket/source.h"

struct held_settings {
	uint64_t ahead_ms; /* how long the held numbers of a sequence should last; 1 or more */
	uint64_t most;	   /* numbers to hold over all sequences */
	uint64_t pool_timeout_ms; /* until a fetch expires */
	uint64_t outage_ms;	  /* how long to hold numbers of a database that is not seen */
	struct source source;	  /* of the fetches */
};

struct held;

/* SETTINGS is copied; the source in it outlives the room. */
struct held *held_new(const struct held_settings *settings) MUST_CHECK;

/*
 * The room as a source. Each reservation names its sequence. Answers come from the thread that submits, or from
 * a thread of the room's own source.
 */
struct source held_source(struct held *held);

/*
 * A strong reservation of SEQUENCE was answered. Call this before the answer goes on. Abandon the held numbers
 * of SEQUENCE: they are lower. Numbers of fetches that are out go to reservations that wait already, and to no
 * others. Call it also when the policy of SEQUENCE changes, as when it is retired.
 */
void held_drop(struct held *held, struct sequence *sequence);

/* The database of SPACE is refused: an older copy of it may issue the same. No number of it is issued from now on. */
void held_drop_database(struct held *held, const struct ticket_space *space);

/* A pool saw the clock of the database of SPACE just now, and trusts it. */
void held_see(struct held *held, const struct ticket_space *space);

/*
 * Repeat fetches that are late, and abandon the numbers of sequences that are idle. One thread calls this
 * several times a second, with clock_ms(). It visits an eighth of all sequences, a few at a time under a lock.
 */
void held_fill(struct held *held, uint64_t now_ms);

/* Return how many numbers are held over all sequences, with those that the fetches in flight bring for later. */
uint64_t held_total(struct held *held);

/* Return how many numbers became gaps, ever. */
uint64_t held_abandoned(struct held *held);

/* Return how many sequences have held numbers, a fetch, or recent demand. For tests. */
uint64_t held_keys(struct held *held);

/* How many numbers of SEQUENCE are held. */
uint64_t held_of(struct held *held, struct sequence *sequence);

/* Fetch no more. No thread may submit any more. */
void held_stop(struct held *held);

/* After the source has ended. Held numbers become gaps. The sequences must still be there. */
void held_free(struct held *held); /* NULL is allowed */

#endif
