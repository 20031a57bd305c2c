#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "build.h"

#include "base/log.h"
#include "base/memory.h"
#include "coordinators.h"
#include "events.h"
#include "lease/lease.h"
#include "metrics/metrics.h"
#include "snowflake/clock.h"
#include "snowflake/generator.h"
#include "snowflake/issuer.h"
#include "snowflakes.h"
#include "store/drivers.h"
#include "ticket/decode.h"
#include "ticket/json.h"
#include "ticket/snowflake_id.h"

#define START_WAIT_MS 3000 /* for the answer to the first claim */
#define HOST_SIZE     256
#define YEAR_MS	      (366ull * 86400000)
#define TIME_SIZE     40

struct snowflakes {
	const struct config *config;
	struct ticket_space none; /* while there is no claim */
	struct snowflake_generator *generator;
	struct issuer *issuer;
	_Atomic(struct events *) events; /* NULL: none are recorded */
	struct lease *lease;
	_Atomic unsigned port; /* 0: not known yet */
	char instance[RANDOM_ID_SIZE];
	char hostname[HOST_SIZE];
	char ip[COORDINATORS_IP_SIZE];
	struct lease_settings settings;
	struct coordinator_settings coordinator;
};

/* --- between the rooms --------------------------------------------------------------------------- */

static void
snowflakes_explain(void *arg, struct text *reason)
{
	struct snowflakes *snowflakes = arg;
	struct lease_state state;

	lease_state(snowflakes->lease, &state);
	text_add(reason,
		 state.reason[0] != '\0'
			 ? state.reason
			 : "this worker id is at the limit of its format: ask for fewer ids, or "
			   "add servers");
}

static void
snowflakes_on_change(void *arg)
{
	struct snowflakes *snowflakes = arg;

	issuer_wake(snowflakes->issuer);
}

/* Make RECORD an event of KIND, of the worker id that this server holds. */
static void
snowflakes_begin_record(struct snowflakes *snowflakes, enum event_kind kind,
			struct event_record *record)
{
	const struct config *config = snowflakes->config;
	struct lease_state state;

	lease_state(snowflakes->lease, &state);
	event_record_begin(record, kind, snowflake_unix_ms(&snowflake_system_clock));
	record->has_worker = true;
	record->datacenter = (uint16_t)config->snowflake_datacenter;
	record->worker = (uint16_t)state.worker;
	record->node = snowflake_node((unsigned)config->snowflake_datacenter_bits,
				      record->datacenter, record->worker);
}

static void
snowflakes_record_drift(struct snowflakes *snowflakes, uint64_t drift_ms)
{
	static const char action[] = "no ids until the clock has caught up";
	struct event_record record;

	snowflakes_begin_record(snowflakes, EVENT_DRIFT, &record);
	record.drift.drift_ms = -(int64_t)drift_ms;
	record.drift.system_ms = record.time_ms;
	event_record_set(&record, EVENT_WORDS, action, sizeof(action) - 1);
	events_note(atomic_load(&snowflakes->events), &record);
}

static void
snowflakes_on_drift(void *arg, uint64_t drift_ms)
{
	struct snowflakes *snowflakes = arg;

	snowflakes_record_drift(snowflakes, drift_ms);
	snowflakes_on_change(arg); /* what waits is answered 503 */
}

static uint32_t
snowflakes_ms(uint64_t us)
{
	uint64_t ms = (us + 500) / 1000;

	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* Beside a database, only named sequences have Snowflake ids. Those of other stores count too. */
static uint64_t
snowflakes_issued(void *arg)
{
	const struct snowflakes *snowflakes = arg;
	uint64_t issued = metrics_get(METRIC_SEQUENCE_IDS_ISSUED);

	return snowflakes->config->is_snowflake ? issued + metrics_get(METRIC_TICKETS_ISSUED)
						: issued;
}

static void
snowflakes_on_overflow(void *arg, const struct issuer_overflow *overflow)
{
	struct snowflakes *snowflakes = arg;
	struct snowflake_view view;
	struct event_record record;

	generator_view(snowflakes->generator, &view);
	snowflakes_begin_record(snowflakes, EVENT_OVERFLOW, &record);
	record.overflow.count = overflow->count;
	record.overflow.wait_ms = snowflakes_ms(overflow->out_us);
	record.overflow.most_ms = snowflakes_ms(overflow->longest_us);
	record.overflow.queued = (uint32_t)overflow->most_queued;
	record.overflow.load =
		(float)overflow->issued / ((float)overflow->span_ms * (float)view.per_ms);
	events_note(atomic_load(&snowflakes->events), &record);
}

/* --- birth and death ----------------------------------------------------------------------------- */

static void
snowflakes_set(struct snowflakes *snowflakes)
{
	const struct config *config = snowflakes->config;

	if (gethostname(snowflakes->hostname, HOST_SIZE - 1) != 0)
		snprintf(snowflakes->hostname, HOST_SIZE, "unknown");
	coordinators_find_ip(snowflakes->ip);
	snowflakes->settings = (struct lease_settings){
		.epoch_ms =
			config->snowflake_epoch_ms > 0 ? config->snowflake_epoch_ms : UINT64_MAX,
		.max_sequence = config->snowflake_max_sequence,
		.drift_ms = config->snowflake_drift_ms,
		.datacenter_bits = (unsigned)config->snowflake_datacenter_bits,
		.datacenter = (uint32_t)config->snowflake_datacenter,
		.worker = config->snowflake_worker,
		.ahead_ms = config->coordinator_ahead_ms,
		.instance = snowflakes->instance,
		.hostname = snowflakes->hostname,
		.ttl_ms = config->coordinator_lease_ms,
		.grace_ms = config->coordinator_grace_ms,
		.ip = snowflakes->ip,
		.port = &snowflakes->port,
		.version = PACKAGE_VERSION,
		.started_at_ms = snowflake_unix_ms(&snowflake_system_clock),
		.state_dir = config->state_dir,
		.clock = &snowflake_system_clock,
		.driver_settings = &snowflakes->coordinator,
	};
}

void
snowflakes_stop_issuing(struct snowflakes *snowflakes)
{
	if (snowflakes != NULL)
		issuer_stop(snowflakes->issuer);
}

void
snowflakes_stop(struct snowflakes *snowflakes, uint64_t until_ms)
{
	snowflakes_stop_issuing(snowflakes);
	lease_stop(snowflakes->lease, until_ms);
}

void
snowflakes_free(struct snowflakes *snowflakes)
{
	if (snowflakes == NULL)
		return;
	lease_free(snowflakes->lease);
	issuer_free(snowflakes->issuer);
	generator_free(snowflakes->generator);
	free(snowflakes);
}

static bool
snowflakes_start(struct snowflakes *snowflakes)
{
	struct lease_state state;

	if (!issuer_start(snowflakes->issuer) || !lease_start(snowflakes->lease)) {
		log_error("cannot create a thread", LOG_TEXT("reason", strerror(errno)));
		return false;
	}
	if (lease_wait_known(snowflakes->lease, START_WAIT_MS) != LEASE_START_REFUSED)
		return true;
	lease_state(snowflakes->lease, &state);
	log_error("cannot serve Snowflake ids", LOG_TEXT("reason", state.reason));
	return false;
}

static struct snowflakes *
snowflakes_new(const struct config *config)
{
	struct snowflakes *snowflakes = xcalloc(1, sizeof(*snowflakes));
	const struct lease_listener listener = {snowflakes_on_change, snowflakes_on_drift,
						snowflakes};
	const struct issuer_listener waiting = {snowflakes_explain, snowflakes_issued,
						snowflakes_on_overflow, snowflakes};
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	const struct lease_driver *driver;

	snowflakes->config = config;
	snowflakes->none = space_of_snowflakes(0, SNOWFLAKE_MOST_PER_MS);
	snowflakes->generator = generator_new(&snowflake_system_clock, config->snowflake_drift_ms);
	snowflakes->issuer = issuer_new(snowflakes->generator, &waiting);
	if (!random_id(snowflakes->instance))
		text_addf(&reason, "the system has no random numbers: %s", strerror(errno));
	snowflakes_set(snowflakes);
	driver = coordinators_pick(config, &snowflakes->coordinator, &reason);
	if (reason.len == 0)
		snowflakes->lease = lease_new(driver, &snowflakes->settings, snowflakes->generator,
					      &listener, &reason);
	if (snowflakes->lease == NULL)
		log_error("cannot serve Snowflake ids", LOG_TEXT("reason", memory));
	if (snowflakes->lease != NULL && snowflakes_start(snowflakes))
		return snowflakes;
	if (snowflakes->lease != NULL)
		snowflakes_stop(snowflakes, 0);
	snowflakes_free(snowflakes);
	return NULL;
}

bool
snowflakes_open(const struct config *config, struct snowflakes **snowflakes)
{
	*snowflakes = config->has_snowflakes ? snowflakes_new(config) : NULL;
	return *snowflakes != NULL || !config->has_snowflakes;
}

void
snowflakes_set_port(struct snowflakes *snowflakes, unsigned port)
{
	if (snowflakes != NULL)
		atomic_store(&snowflakes->port, port);
}

void
snowflakes_announce(const struct config *config)
{
	log_info("tickrd serves", LOG_WORD("version", PACKAGE_VERSION),
		 LOG_NUMBER("http_threads", config->http_threads),
		 LOG_WORD("adapter", DRIVER_SNOWFLAKE));
}

void
snowflakes_record(struct snowflakes *snowflakes, struct events *events)
{
	atomic_store(&snowflakes->events, events);
}

struct source
snowflakes_runs(struct snowflakes *snowflakes)
{
	return issuer_runs(snowflakes->issuer);
}

struct source
snowflakes_groups(struct snowflakes *snowflakes)
{
	return issuer_groups(snowflakes->issuer);
}

/* --- the state ----------------------------------------------------------------------------------- */

bool
snowflakes_are_issued(struct snowflakes *snowflakes)
{
	struct lease_state state;

	lease_state(snowflakes->lease, &state);
	return state.gives;
}

static uint64_t
snowflakes_left_ms(uint64_t epoch_ms)
{
	uint64_t id_ms = snowflake_id_time(snowflake_unix_ms(&snowflake_system_clock), epoch_ms);

	return id_ms < SNOWFLAKE_END_MS ? SNOWFLAKE_END_MS - id_ms : 0;
}

static void
snowflakes_set_gauges_of(const struct lease_state *state)
{
	metrics_set(METRIC_SNOWFLAKE_HELD, state->phase == LEASE_HELD);
	metrics_set(METRIC_SNOWFLAKE_WORKER, state->worker);
	metrics_set(METRIC_SNOWFLAKE_BOUND, state->phase == LEASE_HELD ? state->bound_in_ms : 0);
	metrics_set(METRIC_SNOWFLAKE_LEFT,
		    state->phase == LEASE_HELD ? snowflakes_left_ms(state->epoch_ms) : 0);
}

void
snowflakes_set_gauges(struct snowflakes *snowflakes)
{
	struct lease_state state;

	lease_state(snowflakes->lease, &state);
	snowflakes_set_gauges_of(&state);
}

size_t
snowflakes_states(struct snowflakes *snowflakes, struct database_state *states)
{
	struct text reason;
	struct lease_state state;
	struct snowflake_view view;

	lease_state(snowflakes->lease, &state);
	generator_view(snowflakes->generator, &view);
	snowflakes_set_gauges_of(&state);
	states[0] = (struct database_state){
		.name = DRIVER_SNOWFLAKE,
		.space = view.has_claim ? view.space : &snowflakes->none,
		.condition = state.gives ? DATABASE_UP : DATABASE_DOWN,
		.newest_base = view.newest,
	};
	reason = TEXT_OVER(states[0].reason);
	if (view.has_claim && snowflake_unix_ms(&snowflake_system_clock) > view.end_ms) {
		states[0].condition = DATABASE_UP;
		states[0].newest_base = space_last_base(states[0].space);
	}
	text_add(&reason, state.reason);
	return 1;
}

/* Add UNIX_MS as "2021-01-01T00:00:00Z", in quotes. */
static void
snowflakes_add_time(uint64_t unix_ms, struct text *text)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	char memory[TIME_SIZE] = "";
	struct tm broken;

	if (gmtime_r(&seconds, &broken) != NULL)
		strftime(memory, sizeof(memory), "%Y-%m-%dT%H:%M:%SZ", &broken);
	text_addf(text, "\"%s\"", memory);
}

static void
snowflakes_add_seconds(const char *name, uint64_t ms, struct text *text)
{
	if (ms == UINT64_MAX)
		text_addf(text, "\"%s\":null", name);
	else
		text_addf(text, "\"%s\":%" PRIu64 ".%03u", name, ms / 1000, (unsigned)(ms % 1000));
}

void
snowflakes_add_status(struct snowflakes *snowflakes, struct text *text)
{
	struct lease_state state;
	uint64_t end_ms;

	lease_state(snowflakes->lease, &state);
	text_addf(text,
		  "\"datacenter\":%" PRIu64 ",\"worker\":%" PRIu32 ",\"lease\":{\"state\":\"%s\",",
		  snowflakes->config->snowflake_datacenter, state.worker,
		  lease_phase_name(state.phase));
	snowflakes_add_seconds("expires_in", state.expires_in_ms, text);
	text_add(text, "},");
	snowflakes_add_seconds("bound_in", state.bound_in_ms, text);
	if (!state.gives && state.reason[0] != '\0') {
		text_add(text, ",\"reason\":");
		json_add_string(text, state.reason);
	}
	if (state.epoch_ms == UINT64_MAX)
		return;
	end_ms = state.epoch_ms + SNOWFLAKE_END_MS - 1;
	text_add(text, ",\"epoch\":");
	snowflakes_add_time(state.epoch_ms, text);
	text_add(text, ",\"ends\":");
	snowflakes_add_time(end_ms, text);
	if (snowflake_unix_ms(&snowflake_system_clock) + YEAR_MS > end_ms)
		text_add(text, ",\"warning\":\"the 41 bits of the time end within a year: see "
			       "docs/snowflake.md\"");
}

uint64_t
snowflakes_epoch_ms(void *self)
{
	const struct snowflakes *snowflakes = self;
	struct lease_state state;

	lease_state(snowflakes->lease, &state);
	if (state.epoch_ms != UINT64_MAX)
		return state.epoch_ms;
	return snowflakes->config->snowflake_epoch_ms > 0 ? snowflakes->config->snowflake_epoch_ms
							  : SNOWFLAKE_EPOCH_MS;
}

bool
snowflakes_decode(struct snowflakes *snowflakes, uint64_t id, struct text *json)
{
	return decode_snowflake(snowflakes_epoch_ms(snowflakes),
				(unsigned)snowflakes->config->snowflake_datacenter_bits, id, json);
}
