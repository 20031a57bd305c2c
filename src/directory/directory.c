/*
 * DESIGN. The names are in SHARDS tables of chains. A table never grows, because then one request would wait for
 * the move of all names. MOST decides its size, and the system backs it with memory as it is used. The hash has
 * a secret key, so chains stay short whatever names clients choose. A search reads one cache line of each name that it
 * passes: its length and its tag, which are other bits of the hash.
 *
 * A name and its place in the quota are decided together, under the lock of the shard. The quota has no lock. So
 * threads that make one name together count it once.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "directory/directory.h"
#include "directory/misses.h"
#include "directory/quota.h"

#define SHARDS	       64 /* a power of 2 */
#define NAMES_A_CHAIN  2  /* at most, on average, with MOST names */
#define CHAINS_A_VISIT 64 /* how many chains a pass visits before it unlocks the mutex */

struct directory_entry {
	struct directory_entry *next; /* in its chain */
	struct sequence sequence;
	_Atomic uint64_t issued;
	uint64_t
		ranked; /* how many of ISSUED the last ranking knew; the thread that ranks has it */
	char name[];	/* ended by a NUL */
};

struct directory_shard {
	pthread_mutex_t mutex;
	struct directory_entry **chains;
	struct misses misses;
};

struct directory {
	struct directory_settings settings;
	struct quota quota;
	size_t chains; /* of a shard; a power of 2 */
	struct directory_shard shards[SHARDS];
	struct {
		pthread_mutex_t mutex;
		struct directory_ranking ranking;
	} ranked;
};

/* --- shards ------------------------------------------------------------------------------------ */

static size_t
directory_count_chains(uint32_t most)
{
	size_t chains = 1;

	while (chains * SHARDS * NAMES_A_CHAIN < most)
		chains *= 2;
	return chains;
}

struct directory *
directory_new(const struct directory_settings *settings)
{
	struct directory *d = xcalloc(1, sizeof(*d));

	d->settings = *settings;
	quota_init(&d->quota, settings->most, settings->per_second);
	d->chains = directory_count_chains(settings->most);
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&d->shards[i].mutex, NULL);
		d->shards[i].chains = xcalloc(d->chains, sizeof(*d->shards[i].chains));
	}
	pthread_mutex_init(&d->ranked.mutex, NULL);
	return d;
}

static void
directory_free_chain(struct directory_entry *entry)
{
	while (entry != NULL) {
		struct directory_entry *next = entry->next;

		free(entry);
		entry = next;
	}
}

void
directory_free(struct directory *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		for (size_t n = 0; n < d->chains; n++)
			directory_free_chain(d->shards[i].chains[n]);
		free(d->shards[i].chains);
		pthread_mutex_destroy(&d->shards[i].mutex);
	}
	pthread_mutex_destroy(&d->ranked.mutex);
	free(d);
}

static uint64_t
directory_hash(const struct directory *d, const char *name, size_t len)
{
	return siphash(&d->settings.hash_key, name, len);
}

static struct directory_shard *
directory_shard_of(struct directory *d, uint64_t hash)
{
	return &d->shards[hash % SHARDS];
}

/* With the shard's mutex held: the chain of the names with HASH. */
static struct directory_entry **
directory_chain_of(const struct directory *d, struct directory_shard *shard, uint64_t hash)
{
	return &shard->chains[hash / SHARDS & (d->chains - 1)];
}

static uint32_t
directory_tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* With the mutex held: the entry of NAME, which has HASH, in the shard. NULL: there is none. */
static struct directory_entry *
directory_search(const struct directory *d, struct directory_shard *shard, uint64_t hash,
		 const char *name, size_t len)
{
	struct directory_entry *entry = *directory_chain_of(d, shard, hash);

	while (entry != NULL &&
	       (entry->sequence.tag != directory_tag_of(hash) || entry->sequence.name_len != len ||
		memcmp(entry->name, name, len) != 0))
		entry = entry->next;
	return entry;
}

static struct directory_entry *
directory_entry_of(struct sequence *sequence)
{
	return CONTAINER_OF(sequence, struct directory_entry, sequence);
}

/* With the mutex held: copy what a caller needs of ENTRY. */
static enum directory_result
directory_copy(struct directory_entry *entry, struct directory_found *found)
{
	found->sequence = &entry->sequence;
	found->policy = entry->sequence.policy;
	return found->policy.is_retired ? DIRECTORY_RETIRED : DIRECTORY_KNOWN;
}

/* --- names ------------------------------------------------------------------------------------- */

enum directory_result
directory_find(struct directory *d, const char *name, size_t len, uint64_t now_ms,
	       struct directory_found *found)
{
	uint64_t hash = directory_hash(d, name, len);
	struct directory_shard *shard = directory_shard_of(d, hash);
	enum directory_result result = DIRECTORY_UNKNOWN;
	struct directory_entry *entry;

	*found = (struct directory_found){0};
	pthread_mutex_lock(&shard->mutex);
	entry = directory_search(d, shard, hash, name, len);
	if (entry != NULL) {
		result = directory_copy(entry, found);
	} else {
		const struct miss *miss = misses_find(&shard->misses, hash, now_ms);

		if (miss != NULL)
			result = miss->is_retired ? DIRECTORY_RETIRED : DIRECTORY_MISSING;
	}
	pthread_mutex_unlock(&shard->mutex);
	return result;
}

static struct directory_entry *
directory_entry_new(const char *name, size_t len, const struct sequence_policy *policy)
{
	struct directory_entry *entry = xcalloc(1, sizeof(*entry) + len + 1);

	assert(len > 0 && len <= SEQUENCE_NAME_MOST);
	memcpy(entry->name, name, len);
	entry->sequence.name = entry->name;
	entry->sequence.name_len = (uint8_t)len;
	entry->sequence.policy = *policy;
	return entry;
}

/* With the mutex held: give ENTRY the policy. True: that retires it. */
static bool
directory_set_policy(struct directory_entry *entry, const struct sequence_policy *policy)
{
	bool was_retired = entry->sequence.policy.is_retired;

	entry->sequence.policy = *policy;
	entry->sequence.policy.is_retired |= was_retired;
	return policy->is_retired && !was_retired;
}

/* With the mutex held: make ADDED, which has HASH, a known name. */
static void
directory_link(struct directory *d, struct directory_shard *shard, uint64_t hash,
	       struct directory_entry *added)
{
	struct directory_entry **chain = directory_chain_of(d, shard, hash);

	added->sequence.tag = directory_tag_of(hash);
	added->next = *chain;
	*chain = added;
	misses_forget(&shard->misses, hash);
}

enum directory_result
directory_learn(struct directory *d, const char *name, size_t len,
		const struct sequence_policy *policy, struct directory_found *found)
{
	uint64_t hash = directory_hash(d, name, len);
	struct directory_shard *shard = directory_shard_of(d, hash);
	struct directory_entry *entry, *added = directory_entry_new(name, len, policy);
	enum directory_result result = DIRECTORY_RETIRED;
	bool is_retired_now = false;

	*found = (struct directory_found){0};
	pthread_mutex_lock(&shard->mutex);
	entry = directory_search(d, shard, hash, name, len);
	if (entry != NULL) {
		if (policy->is_retired || policy->revision > entry->sequence.policy.revision)
			is_retired_now = directory_set_policy(entry, policy);
		result = directory_copy(entry, found);
	} else if (policy->is_retired) {
		misses_note(&shard->misses, hash, UINT64_MAX, true);
	} else {
		quota_learn(&d->quota);
		directory_link(d, shard, hash, added);
		result = directory_copy(added, found);
		added = NULL;
	}
	pthread_mutex_unlock(&shard->mutex);
	free(added);
	if (is_retired_now)
		quota_retire(&d->quota);
	return result;
}

enum directory_result
directory_make(struct directory *d, const char *name, size_t len, uint64_t now_ms,
	       struct directory_found *found)
{
	static const enum directory_result results[] = {
		[QUOTA_GRANTED] = DIRECTORY_KNOWN,
		[QUOTA_FULL] = DIRECTORY_FULL,
		[QUOTA_TOO_FAST] = DIRECTORY_TOO_FAST,
	};
	uint64_t hash = directory_hash(d, name, len);
	struct directory_shard *shard = directory_shard_of(d, hash);
	enum directory_result result = directory_find(d, name, len, now_ms, found);
	struct directory_entry *entry, *added;

	if (result == DIRECTORY_KNOWN || result == DIRECTORY_RETIRED)
		return result;
	added = directory_entry_new(name, len, &SEQUENCE_DEFAULT_POLICY);
	pthread_mutex_lock(&shard->mutex);
	entry = directory_search(d, shard, hash, name, len);
	if (entry != NULL) {
		result = directory_copy(entry, found);
	} else {
		result = results[quota_make(&d->quota, now_ms)];
		if (result == DIRECTORY_KNOWN) {
			directory_link(d, shard, hash, added);
			result = directory_copy(added, found);
			added = NULL;
		}
	}
	pthread_mutex_unlock(&shard->mutex);
	free(added);
	return result;
}

void
directory_note_missing(struct directory *d, const char *name, size_t len, uint64_t now_ms)
{
	uint64_t hash = directory_hash(d, name, len);
	struct directory_shard *shard = directory_shard_of(d, hash);

	pthread_mutex_lock(&shard->mutex);
	if (directory_search(d, shard, hash, name, len) == NULL)
		misses_note(&shard->misses, hash, now_ms + d->settings.miss_ms, false);
	pthread_mutex_unlock(&shard->mutex);
}

/* --- policies ---------------------------------------------------------------------------------- */

bool
directory_replace(struct directory *d, struct sequence *sequence, uint32_t seen,
		  const struct sequence_policy *policy)
{
	struct directory_entry *entry = directory_entry_of(sequence);
	uint64_t hash = directory_hash(d, sequence->name, sequence->name_len);
	struct directory_shard *shard = directory_shard_of(d, hash);
	bool is_present, is_retired_now = false;

	pthread_mutex_lock(&shard->mutex);
	is_present = sequence->policy.revision == seen;
	if (is_present)
		is_retired_now = directory_set_policy(entry, policy);
	pthread_mutex_unlock(&shard->mutex);
	if (is_retired_now)
		quota_retire(&d->quota);
	return is_present;
}

struct sequence_policy
directory_policy(struct directory *d, const struct sequence *sequence)
{
	uint64_t hash = directory_hash(d, sequence->name, sequence->name_len);
	struct directory_shard *shard = directory_shard_of(d, hash);
	struct sequence_policy policy;

	pthread_mutex_lock(&shard->mutex);
	policy = sequence->policy;
	pthread_mutex_unlock(&shard->mutex);
	return policy;
}

/* --- counts ------------------------------------------------------------------------------------ */

void
directory_count(struct sequence *sequence, uint64_t ids)
{
	atomic_fetch_add_explicit(&directory_entry_of(sequence)->issued, ids, memory_order_relaxed);
}

static void
directory_rank_chain(struct directory_entry *entry, struct directory_ranking *ranking)
{
	for (; entry != NULL; entry = entry->next) {
		struct ranked ranked = {&entry->sequence, 0, 0};

		ranked.issued = atomic_load_explicit(&entry->issued, memory_order_relaxed);
		ranked.recent = ranked.issued - entry->ranked;
		entry->ranked = ranked.issued;
		ranking_add(ranking, &ranked);
	}
}

static void
directory_rank_shard(const struct directory *d, struct directory_shard *shard,
		     struct directory_ranking *ranking)
{
	for (size_t i = 0; i < d->chains;) {
		size_t end = i + CHAINS_A_VISIT < d->chains ? i + CHAINS_A_VISIT : d->chains;

		pthread_mutex_lock(&shard->mutex);
		for (; i < end; i++)
			directory_rank_chain(shard->chains[i], ranking);
		pthread_mutex_unlock(&shard->mutex);
	}
}

void
directory_rank(struct directory *d)
{
	struct directory_ranking ranking = {0};

	for (size_t i = 0; i < SHARDS; i++)
		directory_rank_shard(d, &d->shards[i], &ranking);
	pthread_mutex_lock(&d->ranked.mutex);
	d->ranked.ranking = ranking;
	pthread_mutex_unlock(&d->ranked.mutex);
}

void
directory_ranking(struct directory *d, struct directory_ranking *ranking)
{
	pthread_mutex_lock(&d->ranked.mutex);
	*ranking = d->ranked.ranking;
	pthread_mutex_unlock(&d->ranked.mutex);
}

uint32_t
directory_known(struct directory *d)
{
	uint32_t known, live;

	quota_read(&d->quota, &known, &live);
	return known;
}

uint32_t
directory_live(struct directory *d)
{
	uint32_t known, live;

	quota_read(&d->quota, &known, &live);
	return live;
}

bool
directory_is_full(struct directory *d)
{
	return directory_live(d) >= d->settings.most;
}

void
directory_explain(const struct directory *d, enum directory_result result, struct text *reason)
{
	switch (result) {
	case DIRECTORY_KNOWN:
	case DIRECTORY_UNKNOWN: break;
	case DIRECTORY_MISSING:
		text_add(reason, "there is no sequence of this name: the operator can make it with "
				 "tickrd sequence create");
		return;
	case DIRECTORY_RETIRED:
		text_add(reason, "this sequence is retired, so it issues no more ids: "
				 "use another name");
		return;
	case DIRECTORY_FULL:
		text_addf(reason,
			  "there are as many sequences as TICKR_SEQUENCES_MOST allows, which is "
			  "%u: retire sequences, or raise it",
			  d->settings.most);
		return;
	case DIRECTORY_TOO_FAST:
		text_addf(reason,
			  "more sequences are made than TICKR_SEQUENCES_PER_SECOND allows, which "
			  "is %u: retry in a second",
			  d->settings.per_second);
		return;
	}
	assert(false);
}
