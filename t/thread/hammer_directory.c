/*
 * hammer_directory -- threads find, make, learn, retire and count the same names. Speaks TAP.
 *
 * Run it under the thread sanitizer too. A plain program, because Criterion does not run there.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "directory/directory.h"
#include "tap.h"

#define THREADS	     8
#define NAMES	     2000
#define ROUNDS	     20000 /* of each thread */
#define RETIRED	     100   /* names that are retired, the first ones */
#define MOST_SECONDS 120   /* then the kernel ends the program */

static struct directory *directory;
static _Atomic(struct sequence *) sequences[NAMES];
static _Atomic uint64_t counted;
static _Atomic unsigned ended;

struct worker {
	pthread_t thread;
	unsigned seed;
};

/* Everybody must see the sequence that the first saw. */
static void
compare(unsigned i, struct sequence *sequence)
{
	struct sequence *expected = NULL;

	if (sequence == NULL) {
		tap_complain("name %u has no sequence", i);
		return;
	}
	if (!atomic_compare_exchange_strong(&sequences[i], &expected, sequence) &&
	    expected != sequence)
		tap_complain("name %u has two sequences", i);
}

/* A policy whose fields agree with each other, so that a torn copy shows. */
static struct sequence_policy
policy_of(uint32_t revision)
{
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;

	policy.revision = revision;
	policy.start = revision + 1;
	policy.fingerprint = revision;
	return policy;
}

static void
check_policy(const struct sequence_policy *policy)
{
	if (policy->start != policy->revision + 1 || policy->fingerprint != policy->revision)
		tap_complain("a policy is torn: %u %u", policy->revision, (unsigned)policy->start);
}

static void
change_policy(struct worker *worker, const char *name, size_t len, unsigned i,
	      struct directory_found *found)
{
	struct sequence_policy policy = policy_of(found->policy.revision + 1);
	struct sequence_policy present;

	if (rand_r(&worker->seed) % 2 == 0) {
		(void)!directory_replace(directory, found->sequence, found->policy.revision,
					 &policy);
	} else {
		policy.is_retired = i < RETIRED && rand_r(&worker->seed) % 8 == 0;
		if (directory_learn(directory, name, len, &policy, found) == DIRECTORY_FULL)
			tap_complain("there is no room for a known name");
	}
	present = directory_policy(directory, found->sequence);
	check_policy(&present);
}

static void
visit(struct worker *worker, unsigned i, uint64_t now_ms)
{
	struct directory_found found;
	char name[20];
	size_t len = (size_t)snprintf(name, sizeof(name), "name-%u", i);
	enum directory_result result = directory_find(directory, name, len, now_ms, &found);

	if (result == DIRECTORY_UNKNOWN || result == DIRECTORY_MISSING) {
		if (rand_r(&worker->seed) % 4 == 0) {
			directory_note_missing(directory, name, len, now_ms);
			return;
		}
		result = directory_make(directory, name, len, now_ms, &found);
	}
	if (result != DIRECTORY_KNOWN && result != DIRECTORY_RETIRED) {
		tap_complain("name %u: result %d", i, (int)result);
		return;
	}
	compare(i, found.sequence);
	check_policy(&found.policy);
	directory_count(found.sequence, 1);
	atomic_fetch_add(&counted, 1);
	if (rand_r(&worker->seed) % 16 == 0)
		change_policy(worker, name, len, i, &found);
}

static void *
work(void *arg)
{
	struct worker *worker = arg;

	for (unsigned i = 0; i < ROUNDS; i++)
		visit(worker, (unsigned)rand_r(&worker->seed) % NAMES, clock_ms());
	atomic_fetch_add(&ended, 1);
	return NULL;
}

static uint64_t
total_of(const struct directory_ranking *ranking)
{
	uint64_t total = ranking->other.issued;

	for (size_t i = 0; i < ranking->count; i++)
		total += ranking->busiest[i].issued;
	return total;
}

static unsigned
count_retired(void)
{
	unsigned retired = 0;

	for (unsigned i = 0; i < NAMES; i++) {
		struct sequence *sequence = atomic_load(&sequences[i]);

		retired += sequence != NULL && directory_policy(directory, sequence).is_retired;
	}
	return retired;
}

int
main(void)
{
	struct directory_settings settings = {
		.most = NAMES, .per_second = 1000 * NAMES, .miss_ms = 1, .hash_key = {{3, 4}}};
	struct worker workers[THREADS];
	struct directory_ranking ranking;
	unsigned seen = 0;

	alarm(MOST_SECONDS);
	directory = directory_new(&settings);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].seed = i + 1;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			abort();
	}
	while (atomic_load(&ended) < THREADS) {
		directory_rank(directory);
		directory_ranking(directory, &ranking);
		if (total_of(&ranking) > atomic_load(&counted) + THREADS)
			tap_complain("the ranking has ids that nobody counted");
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	tap_report(tap_complaints() == 0, "a name has one sequence, and no policy is torn");
	for (unsigned i = 0; i < NAMES; i++)
		seen += atomic_load(&sequences[i]) != NULL;
	tap_report(directory_known(directory) == seen, "each name is known once");
	tap_report(directory_live(directory) == seen - count_retired(),
		   "the retired names do not count as live");
	directory_rank(directory);
	directory_ranking(directory, &ranking);
	tap_report(total_of(&ranking) == atomic_load(&counted), "no id is lost from the ranking");
	directory_free(directory);
	return tap_end();
}
