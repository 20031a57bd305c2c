/*
 * shard -- the state of held/, and the fetching that its functions share. Only files of held/ include it.
 *
 * "Locked" means: the caller has the mutex of the shard.
 */
#ifndef TICKR_HELD_SHARD_H
#define TICKR_HELD_SHARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "held/databases.h"
#include "held/held.h"
#include "held/key.h"
#include "held/work.h"

#define HELD_SHARDS 64 /* a power of 2 */

struct held_shard {
	pthread_mutex_t mutex;
	struct held_key *keys;
	struct held_works works;
};

struct held {
	struct held_settings settings;
	struct held_databases databases;
	struct held_tally tally;
	_Atomic uint64_t keys;
	_Atomic unsigned out_ahead; /* fetches for which no reservation waits */
	_Atomic bool is_stopping;
	unsigned next_shard; /* of held_fill() */
	struct {
		pthread_mutex_t mutex; /* taken last, and without that of a shard */
		struct held_new_fetches fetches;
		_Atomic unsigned count; /* changed under the mutex */
	} gathered; /* fetches that are not submitted yet, because no reservation waits for them */
	struct held_shard shards[HELD_SHARDS];
};

/* Work to do after the mutex is unlocked. */
struct held_outbox {
	struct held_new_fetches fetches;
	struct mail_list answered;
};

struct held_shard *held_shard_of(struct held *held, const struct sequence *sequence);

/* Lock the mutex, and empty OUTBOX. held_release() unlocks it, and does the work of OUTBOX. */
void held_lock(struct held_shard *shard, struct held_outbox *outbox);
void held_release(struct held *held, struct held_shard *shard, struct held_outbox *outbox);

/* Submit the fetches that are gathered. Without a mutex. */
void held_submit_gathered(struct held *held);

/* Locked. Return the work of KEY, made if it is missing. */
struct held_work *held_work_of(struct held_shard *shard, struct held_key *key);

/* Locked. Free the work of KEY if it is done. */
void held_end_work(struct held *held, struct held_key *key);

/* Locked. Answer the reservations that wait, from the held numbers. */
void held_deal(struct held *held, struct held_key *key, struct held_outbox *outbox);

/* Locked. Begin a fetch of KEY if it is time. */
void held_begin_fetch(struct held *held, struct held_shard *shard, struct held_key *key,
		      uint64_t now_ms, struct held_outbox *outbox);

#endif
