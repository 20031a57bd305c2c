#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "databases.h"
#include "looks.h"
#include "store/durable.h"

#define LONGEST_MS	 3000
#define LOOK_REASON_SIZE 512

/* Its thread writes it until the thread has ended. Then the main thread reads it. */
struct look {
	struct looks *looks;
	const struct store_settings *database;
	pthread_t thread;
	bool is_started;
	bool has_ended; /* guarded by the mutex of the looks */
	enum store_result result;
	char reason[LOOK_REASON_SIZE];
};

struct looks {
	const struct config *config;
	const struct store *store;
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	size_t count;
	struct look all[MOST_DATABASES];
};

/* --- the thread of a look --------------------------------------------------------------------- */

static void *
looks_main(void *arg)
{
	struct look *look = arg;
	struct looks *looks = look->looks;
	const struct store *store = looks->store;
	struct store_settings settings = *look->database;
	struct text reason = TEXT_OVER(look->reason);
	struct store_session *session;

	store->thread_begin();
	store->claim(&settings);
	look->result = durable_open(store, &settings, &session, &reason);
	if (look->result == STORE_OK)
		store->close(session);
	store->release(&settings);
	store->thread_end();
	pthread_mutex_lock(&looks->mutex);
	look->has_ended = true;
	pthread_cond_signal(&looks->ended);
	pthread_mutex_unlock(&looks->mutex);
	return NULL;
}

/* --- the main thread ------------------------------------------------------------------------- */

struct looks *
looks_new(const struct config *config, const struct store *store)
{
	struct looks *looks = xcalloc(1, sizeof(*looks));

	looks->config = config;
	looks->store = store;
	looks->count = config->database_count;
	pthread_mutex_init(&looks->mutex, NULL);
	clock_cond_init(&looks->ended);
	for (size_t i = 0; i < looks->count; i++) {
		struct look *look = &looks->all[i];

		look->looks = looks;
		look->database = &config->databases[i];
		look->is_started = pthread_create(&look->thread, NULL, looks_main, look) == 0;
	}
	return looks;
}

/*
 * Whether LOOK has ended by UNTIL. A store that allows few sessions claims a file, and the claim of the look must
 * end before that of the pool begins. Such a store asks no name server, so its look ends: wait without a limit.
 */
static bool
looks_wait_for(struct looks *looks, const struct look *look, const struct timespec *until)
{
	bool is_limited = looks->store->most_sessions == 0;
	bool has_ended;
	int result = 0;

	pthread_mutex_lock(&looks->mutex);
	while (!look->has_ended && result == 0)
		result = is_limited ? pthread_cond_timedwait(&looks->ended, &looks->mutex, until)
				    : pthread_cond_wait(&looks->ended, &looks->mutex);
	has_ended = look->has_ended;
	pthread_mutex_unlock(&looks->mutex);
	return has_ended;
}

static bool
looks_is_acceptable(struct looks *looks, struct look *look, const struct timespec *until)
{
	if (!look->is_started)
		return true; /* its pool tries it, too */
	if (!looks_wait_for(looks, look, until)) {
		log_warn("a database did not answer in time", LOG_SECONDS("seconds", LONGEST_MS),
			 LOG_DATABASE(look->database->name),
			 LOG_TEXT("hint", "a name server may be down"));
		return true;
	}
	if (look->result != STORE_REFUSED)
		return true; /* its pool tries again, and reports it */
	log_error("cannot serve from this database", LOG_TEXT("reason", look->reason),
		  LOG_DATABASE(look->database->name));
	return false;
}

bool
looks_are_acceptable(struct looks *looks)
{
	struct timespec until = clock_moment(clock_ms() + LONGEST_MS);
	size_t acceptable = 0;

	for (size_t i = 0; i < looks->count; i++)
		acceptable += looks_is_acceptable(looks, &looks->all[i], &until);
	if (acceptable > 0 && acceptable < looks->count)
		log_error("serving without the refused databases",
			  LOG_NUMBER("refused", looks->count - acceptable),
			  LOG_NUMBER("databases", looks->count));
	return acceptable > 0;
}

bool
looks_free(struct looks *looks)
{
	const struct timespec now = clock_moment(clock_ms());
	bool have_ended = true;

	for (size_t i = 0; i < looks->count; i++)
		if (looks->all[i].is_started && !looks_wait_for(looks, &looks->all[i], &now))
			have_ended = false;
	if (!have_ended)
		return false;
	for (size_t i = 0; i < looks->count; i++)
		if (looks->all[i].is_started)
			pthread_join(looks->all[i].thread, NULL);
	pthread_cond_destroy(&looks->ended);
	pthread_mutex_destroy(&looks->mutex);
	free(looks);
	return true;
}
