#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bigger_than.h"
#include "databases.h"
#include "metrics/metrics.h"
#include "named.h"
#include "snowflake_store.h"
#include "store/durable.h"
#include "stores.h"

#define SESSIONS	  2
#define DESCRIPTORS	  24   /* of one store: sessions, maintenance, the look, the state file */
#define LONGEST_LOOK_MS	  3000 /* the start waits so long for the first answer of each store */
#define KNOWN_WAIT_MS	  1000
#define AGAIN_MS	  1000 /* after a look at a store that is away */
#define STORE_REASON_SIZE 512

enum store_look {
	STORE_LOOK_NONE, /* there was no answer yet */
	STORE_LOOK_GOOD,
	STORE_LOOK_AWAY,
	STORE_LOOK_REFUSED,
};

struct one_store {
	struct stores *stores;
	const struct sequencer *sequencer;
	const struct store *store;
	struct state_file *state; /* NULL: the store forgets */
	struct dispatch *dispatch;
	struct named named;
	pthread_t thread;
	bool is_started;
	/* Under the mutex of the stores: */
	enum store_look look;
	bool has_ended;
	char reason[STORE_REASON_SIZE];
};

struct stores {
	const struct config *config;
	struct snowflakes *snowflakes; /* NULL: no store needs them */
	struct snowflake_store *flakes[MOST_SEQUENCERS];
	size_t flake_count;
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* a look, an end, or the order to stop */
	bool is_stopping;
	struct one_store all[MOST_SEQUENCERS]; /* those with a database */
	size_t count;
};

/* Wait for a change, at most until UNTIL_MS of clock_ms(). The mutex is locked. */
static void
stores_wait(struct stores *stores, uint64_t until_ms)
{
	const struct timespec until = clock_moment(until_ms);

	(void)pthread_cond_timedwait(&stores->changed, &stores->mutex, &until);
}

/* --- the thread of a look ------------------------------------------------------------------------ */

static enum store_look
stores_look_once(const struct one_store *one, struct text *reason)
{
	const struct store *store = one->store;
	struct store_settings settings = one->sequencer->settings;
	struct store_session *session;
	enum store_result result;

	settings.is_guest = true;
	store->claim(&settings);
	result = durable_open(store, &settings, &session, reason);
	if (result == STORE_OK) {
		result = bigger_than_raise(store, session, one->sequencer, reason);
		store->close(session);
	}
	store->release(&settings);
	switch (result) {
	case STORE_OK: return STORE_LOOK_GOOD;
	case STORE_BUSY:
	case STORE_UNREADY:
	case STORE_LOST: return STORE_LOOK_AWAY;
	case STORE_FAILED:
	case STORE_REFUSED:
	case STORE_EXHAUSTED:
	case STORE_TOO_LARGE: break;
	}
	return STORE_LOOK_REFUSED;
}

/* Note LOOK, and wait a moment. Return whether to look again. */
static bool
stores_note_look(struct one_store *one, enum store_look look, const char *reason)
{
	struct stores *stores = one->stores;
	uint64_t again_ms = clock_ms() + AGAIN_MS;
	struct text text = TEXT_OVER(one->reason);
	bool is_over;

	pthread_mutex_lock(&stores->mutex);
	one->look = look;
	text_add(&text, reason);
	if (look == STORE_LOOK_GOOD)
		atomic_store(&one->named.is_closed, false);
	pthread_cond_broadcast(&stores->changed);
	while (look != STORE_LOOK_GOOD && !stores->is_stopping && clock_ms() < again_ms)
		stores_wait(stores, again_ms);
	is_over = look == STORE_LOOK_GOOD || stores->is_stopping;
	pthread_mutex_unlock(&stores->mutex);
	return !is_over;
}

static void
stores_log_look(const struct one_store *one, enum store_look before, enum store_look look,
		const char *reason)
{
	if (look == before)
		return;
	if (look == STORE_LOOK_REFUSED)
		log_error("a store of named sequences was refused",
			  LOG_WORD("store", one->sequencer->name), LOG_TEXT("reason", reason));
	else if (look == STORE_LOOK_AWAY)
		log_warn("a store of named sequences cannot be reached",
			 LOG_WORD("store", one->sequencer->name), LOG_TEXT("reason", reason));
	else
		log_info("a store of named sequences is ready",
			 LOG_WORD("store", one->sequencer->name));
}

static void *
stores_main(void *arg)
{
	struct one_store *one = arg;
	enum store_look before = STORE_LOOK_NONE, look;
	char memory[STORE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	one->store->thread_begin();
	do {
		text_clear(&reason);
		look = stores_look_once(one, &reason);
		stores_log_look(one, before, look, memory);
		before = look;
	} while (stores_note_look(one, look, memory));
	one->store->thread_end();
	pthread_mutex_lock(&one->stores->mutex);
	one->has_ended = true;
	pthread_cond_broadcast(&one->stores->changed);
	pthread_mutex_unlock(&one->stores->mutex);
	return NULL;
}

static bool
stores_start_look(struct one_store *one)
{
	int error = pthread_create(&one->thread, NULL, stores_main, one);

	one->is_started = error == 0;
	if (error != 0)
		log_error("cannot create a thread", LOG_TEXT("reason", strerror(error)));
	return one->is_started;
}

bool
stores_look(struct stores *stores)
{
	uint64_t deadline_ms = clock_ms() + LONGEST_LOOK_MS;
	bool is_good = true;

	for (size_t i = 0; i < stores->count; i++)
		is_good = stores_start_look(&stores->all[i]) && is_good;
	pthread_mutex_lock(&stores->mutex);
	for (size_t i = 0; i < stores->count; i++) {
		while (stores->all[i].is_started && stores->all[i].look == STORE_LOOK_NONE &&
		       clock_ms() < deadline_ms)
			stores_wait(stores, deadline_ms);
		is_good = is_good && stores->all[i].look != STORE_LOOK_REFUSED;
	}
	pthread_mutex_unlock(&stores->mutex);
	return is_good;
}

/* --- life ------------------------------------------------------------------------------------------ */

/* Start the library of a store, unless another store of the process has started it. */
static bool
stores_begin(const struct stores *stores, size_t number)
{
	const struct store *store = stores->config->sequencers[number].type->store;

	if (store == stores->config->store)
		return true;
	for (size_t i = 0; i < number; i++)
		if (stores->config->sequencers[i].type->store == store)
			return true;
	return databases_begin(store);
}

static bool
stores_open_state(struct stores *stores, struct one_store *one)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct ticket_space space = one->sequencer->settings.space;

	if (one->sequencer->type->forgets)
		return true;
	space.starting_offset = SEQUENCE_FIRST_ID;
	one->state = state_file_open_store(stores->config->state_dir, one->sequencer->name, &space,
					   &problem);
	if (one->state == NULL)
		log_error("cannot open the state file", LOG_TEXT("reason", memory),
			  LOG_DATABASE(one->sequencer->name));
	return one->state != NULL;
}

static void
stores_make_dispatch(struct one_store *one, unsigned number)
{
	const struct config *config = one->stores->config;
	struct pool_settings pool = {
		.store = one->store,
		.database = one->sequencer->settings,
		.state = one->state,
		.sessions = one->store->most_sessions == 1 ? 1 : SESSIONS,
		.number = METRICS_STORES + number,
		.name = one->sequencer->name,
		.listener = {named_note, &one->named},
		.policies = {named_policy_changed, &one->named},
	};
	struct dispatch_settings settings = {
		.pools = &pool,
		.count = 1,
		.is_of_sequences = true,
		.pool_timeout_ms = config->pool_timeout_ms,
	};

	metrics_name_store(number, one->sequencer->name, pool.database.space.node_number);
	one->dispatch = dispatch_new(&settings);
}

/* Make the store of the sequencer NUMBER, which has a database. */
static bool
stores_make_one(struct stores *stores, size_t number, struct event_base *base,
		struct mailbox *mailbox)
{
	const struct config *config = stores->config;
	struct one_store *one = &stores->all[stores->count];
	struct named_settings settings = named_settings_of(config, base, mailbox);

	settings.store = config->sequencers[number].name;
	settings.prefix = config->sequencers[number].prefix;
	settings.names = FRONT_NAMES_ANY;
	settings.databases = 1;
	one->stores = stores;
	one->sequencer = &config->sequencers[number];
	one->store = store_type_sequences(one->sequencer->type);
	atomic_store(&one->named.is_closed, true);
	if (!stores_begin(stores, number) || !stores_open_state(stores, one))
		return false;
	stores_make_dispatch(one, (unsigned)stores->count);
	stores->count++;
	return named_init(&one->named, &settings, one->dispatch);
}

static bool
stores_make_flake(struct stores *stores, size_t number, struct event_base *base)
{
	struct snowflake_store *flake = snowflake_store_new(
		stores->config, &stores->config->sequencers[number], stores->snowflakes, base);

	stores->flakes[stores->flake_count++] = flake;
	return flake != NULL;
}

struct stores *
stores_new(const struct config *config, struct snowflakes *snowflakes, struct event_base *base,
	   struct mailbox *mailbox)
{
	struct stores *stores = xcalloc(1, sizeof(*stores));

	stores->config = config;
	stores->snowflakes = snowflakes;
	pthread_mutex_init(&stores->mutex, NULL);
	clock_cond_init(&stores->changed);
	for (size_t i = 0; i < config->sequencer_count; i++)
		if (!(config->sequencers[i].type->is_generated
			      ? stores_make_flake(stores, i, base)
			      : stores_make_one(stores, i, base, mailbox)))
			return NULL; /* the process ends */
	return stores;
}

uint64_t
stores_descriptors(const struct config *config)
{
	return config->sequencer_count * DESCRIPTORS;
}

bool
stores_start(struct stores *stores)
{
	for (size_t i = 0; i < stores->count; i++)
		if (!dispatch_start(stores->all[i].dispatch))
			return false;
	for (size_t i = 0; i < stores->count; i++) {
		dispatch_wait_known(stores->all[i].dispatch, KNOWN_WAIT_MS / stores->count);
		named_start(&stores->all[i].named);
	}
	return true;
}

void
stores_add(struct stores *stores, struct allocator *allocator, struct front_stores *fronts)
{
	for (size_t i = 0; i < stores->count; i++)
		named_add_store(&stores->all[i].named, allocator, fronts);
	for (size_t i = 0; i < stores->flake_count; i++)
		snowflake_store_add(stores->flakes[i], allocator, fronts);
}

/* --- the end ----------------------------------------------------------------------------------------- */

static bool
stores_end_looks(struct stores *stores, uint64_t deadline_ms)
{
	bool have_ended = true;

	pthread_mutex_lock(&stores->mutex);
	stores->is_stopping = true;
	pthread_cond_broadcast(&stores->changed);
	for (size_t i = 0; i < stores->count; i++) {
		while (stores->all[i].is_started && !stores->all[i].has_ended &&
		       clock_ms() < deadline_ms)
			stores_wait(stores, deadline_ms);
		have_ended = have_ended && (stores->all[i].has_ended || !stores->all[i].is_started);
	}
	pthread_mutex_unlock(&stores->mutex);
	for (size_t i = 0; have_ended && i < stores->count; i++)
		if (stores->all[i].is_started)
			pthread_join(stores->all[i].thread, NULL);
	return have_ended;
}

bool
stores_stop(struct stores *stores, uint64_t deadline_ms)
{
	bool have_ended = stores_end_looks(stores, deadline_ms);

	for (size_t i = 0; i < stores->count; i++) {
		named_stop(&stores->all[i].named);
		have_ended = dispatch_stop(stores->all[i].dispatch, deadline_ms) && have_ended;
	}
	return have_ended;
}

static void
stores_end_libraries(const struct stores *stores)
{
	const struct config *config = stores->config;

	for (size_t i = 0; i < config->sequencer_count; i++) {
		const struct store *store = config->sequencers[i].type->store;
		bool is_first = store != NULL && store != config->store;

		for (size_t j = 0; j < i; j++)
			is_first = is_first && config->sequencers[j].type->store != store;
		if (is_first)
			store->end();
	}
}

void
stores_free(struct stores *stores)
{
	if (stores == NULL)
		return;
	for (size_t i = 0; i < stores->count; i++) {
		named_free(&stores->all[i].named);
		dispatch_free(stores->all[i].dispatch);
		if (stores->all[i].state != NULL)
			state_file_close(stores->all[i].state);
	}
	for (size_t i = 0; i < stores->flake_count; i++)
		snowflake_store_free(stores->flakes[i]);
	stores_end_libraries(stores);
	pthread_cond_destroy(&stores->changed);
	pthread_mutex_destroy(&stores->mutex);
	free(stores);
}
