#include "named.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "census.h"
#include "loop/loop.h"
#include "metrics/metrics.h"
#include "ticket/scramble.h"

#define FILL_EVERY_MS 100
#define RANK_EVERY_MS 10000   /* the help of the metrics names it */
#define AHEAD_MS      2000    /* how long the held numbers of a sequence should last */
#define MOST_HELD     1000000 /* numbers, over all sequences */
#define OUTAGE_MS     60000   /* how long to issue held numbers of a database that is not seen */
#define MISS_MS	      5000    /* how long a name that is not there is remembered */

static void
named_update_metrics(struct named *named, uint64_t now_ms)
{
	uint64_t abandoned = held_abandoned(named->held);
	uint64_t known = directory_live(named->directory), ahead = held_total(named->held);

	/* The metrics are sums over all stores. Unsigned, a difference below 0 is right too. */
	metrics_add(METRIC_SEQUENCES_KNOWN, known - named->known);
	metrics_add(METRIC_SEQUENCE_IDS_HELD, ahead - named->ahead);
	metrics_add(METRIC_SEQUENCE_IDS_ABANDONED, abandoned - named->abandoned);
	named->known = known;
	named->ahead = ahead;
	named->abandoned = abandoned;
	if (now_ms < named->next_rank_ms)
		return;
	directory_rank(named->directory);
	named->next_rank_ms = now_ms + RANK_EVERY_MS;
}

static void
named_on_fill(evutil_socket_t fd, short what, void *arg)
{
	struct named *named = arg;
	uint64_t now_ms = clock_ms();

	(void)fd;
	(void)what;
	held_fill(named->held, now_ms);
	named_update_metrics(named, now_ms);
	if (named->census != NULL && census_go_on(named->census, now_ms)) {
		census_free(named->census);
		named->census = NULL;
	}
	loop_event_in(named->fill, FILL_EVERY_MS);
}

struct named_settings
named_settings_of(const struct config *config, struct event_base *base, struct mailbox *mailbox)
{
	return (struct named_settings){
		.most = (uint32_t)config->sequences_most,
		.per_second = (uint32_t)config->sequences_per_second,
		.pool_timeout_ms = config->pool_timeout_ms,
		.scramble_key = config->has_scramble_key ? config->scramble_key : NULL,
		.base = base,
		.mailbox = mailbox,
	};
}

bool
named_init(struct named *named, const struct named_settings *settings, struct dispatch *dispatch)
{
	struct directory_settings names = {
		.most = settings->most, .per_second = settings->per_second, .miss_ms = MISS_MS};
	struct held_settings ahead = {
		.ahead_ms = AHEAD_MS,
		.most = MOST_HELD,
		.pool_timeout_ms = settings->pool_timeout_ms,
		.outage_ms = OUTAGE_MS,
		.source = dispatch_source(dispatch),
	};

	if (!random_bytes(&names.hash_key, sizeof(names.hash_key))) {
		log_error("cannot get random bytes");
		return false;
	}
	named->has_sequences = true;
	named->settings = *settings;
	named->dispatch = dispatch;
	named->directory = directory_new(&names);
	named->held = held_new(&ahead);
	named->strong = dispatch_source(dispatch);
	named->weak = held_source(named->held);
	named->fill = loop_event_new(settings->base, -1, 0, named_on_fill, named);
	return true;
}

/* Only the limit of names needs the census. Declared names have none. */
void
named_start(struct named *named)
{
	if (named->settings.names == FRONT_NAMES_ANY)
		named->census =
			census_new(named->directory, &named->strong, named->settings.mailbox);
	named_on_fill(-1, 0, named);
}

/* --- for fronts ---------------------------------------------------------------------------------- */

static uint64_t
named_held(void *arg, struct sequence *sequence)
{
	struct named *named = arg;

	return held_of(named->held, sequence);
}

static void
named_drop(void *arg, struct sequence *sequence)
{
	struct named *named = arg;

	held_drop(named->held, sequence);
}

static bool
named_is_open(void *arg, struct text *reason)
{
	struct named *named = arg;

	if (!atomic_load(&named->is_closed))
		return true;
	text_addf(reason,
		  "the store %s was not reached yet, so the keys of its biggerThan are not raised: "
		  "retry in a second",
		  named->settings.store);
	return false;
}

/* The start has checked that a scrambler can be made. */
static struct front *
named_new_front(struct named *named, struct allocator *allocator)
{
	struct front_settings settings = {
		.names = named->settings.names,
		.databases = named->settings.databases,
		.allocator = allocator,
		.directory = named->directory,
		.prefix = named->settings.prefix,
		.strong = &named->strong,
		.weak = &named->weak,
		.held = named_held,
		.drop = named_drop,
		.is_open = named_is_open,
		.arg = named,
	};
	char memory[REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	if (named->settings.scramble_key != NULL) {
		settings.scramble = scramble_new(named->settings.scramble_key, &reason);
		if (settings.scramble == NULL)
			log_error("cannot scramble ids", LOG_TEXT("reason", memory));
	}
	return front_new(&settings);
}

static bool
named_is_ready(void *arg)
{
	struct named *named = arg;
	struct database_state states[MOST_DATABASES];
	size_t count = dispatch_states(named->dispatch, states);

	if (atomic_load(&named->is_closed))
		return false;
	for (size_t i = 0; i < count; i++)
		if (database_issues_ids(&states[i]))
			return true;
	return false;
}

void
named_add_store(struct named *named, struct allocator *allocator, struct front_stores *stores)
{
	front_stores_add(stores, &(struct front_store){
					 .name = named->settings.store,
					 .front = named_new_front(named, allocator),
					 .is_ready = named_is_ready,
					 .arg = named,
				 });
}

/* --- for pools ------------------------------------------------------------------------------------- */

void
named_note(void *arg, const struct ticket_space *space, bool is_trusted)
{
	struct named *named = arg;

	if (is_trusted)
		held_see(named->held, space);
	else
		held_drop_database(named->held, space);
}

bool
named_policy_changed(void *arg, struct sequence *sequence, uint32_t seen,
		     const struct sequence_policy *policy, struct text *reason)
{
	struct named *named = arg;

	if (directory_replace(named->directory, sequence, seen, policy))
		held_drop(named->held, sequence);
	if (named->settings.names == FRONT_NAMES_ANY || policy->is_declared)
		return true;
	directory_explain(named->directory, DIRECTORY_MISSING, reason);
	return false;
}

/* --- the end ----------------------------------------------------------------------------------------- */

void
named_stop(struct named *named)
{
	if (!named->has_sequences)
		return;
	census_stop(named->census);
	held_stop(named->held);
}

void
named_free(struct named *named)
{
	if (!named->has_sequences)
		return;
	mailbox_open_all(named->settings.mailbox); /* the last page of the census */
	census_free(named->census);
	event_free(named->fill);
	held_free(named->held);
	directory_free(named->directory);
}
