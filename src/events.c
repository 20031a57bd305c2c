#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/networks.h"
#include "base/random.h"
#include "events.h"
#include "events/sink_clickhouse.h"
#include "events/sink_discard.h"
#include "remote/web.h"

#define INSTANCE_HOST	 32 /* letters of the host's name */
#define INSTANCE_SIZE	 64
#define INSTANCE_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"

struct events {
	const struct config *config;
	struct event_exporter *exporter;
	bool has_looked;
	enum database_condition conditions[MOST_DATABASES]; /* at the last look */
	char instance
		[INSTANCE_SIZE]; /* names this process in events: the host, and random digits */
};

static void
events_name_instance(struct events *events)
{
	char host[INSTANCE_HOST + 1] = "", id[RANDOM_ID_SIZE];
	struct text instance = TEXT_OVER(events->instance);

	if (gethostname(host, sizeof(host)) != 0 && errno != ENAMETOOLONG)
		host[0] = '\0';
	host[INSTANCE_HOST] = '\0';
	for (char *c = host; *c != '\0'; c++)
		if (strchr(INSTANCE_LETTERS, *c) == NULL)
			*c = '-';
	if (!random_id(id))
		log_warn("cannot get random digits for the name of this process",
			 LOG_TEXT("reason", strerror(errno)));
	text_addf(&instance, "%s-%.16s", host[0] != '\0' ? host : "tickrd", id);
}

static struct sink_clickhouse *
events_make_clickhouse(const struct config *config, const struct events *events)
{
	const struct sink_clickhouse_settings settings = {
		.endpoint = config->clickhouse.endpoint,
		.database = config->clickhouse.database,
		.username = config->clickhouse_username,
		.password = config->clickhouse_password,
		.ca_file = config->clickhouse_ssl_ca[0] != '\0' ? config->clickhouse_ssl_ca : NULL,
		.instance = events->instance,
		.node = (uint32_t)config->databases[0].space.node_number,
	};

	if (!web_begin())
		abort(); /* libcurl has no memory */
	return sink_clickhouse_new(&settings);
}

static size_t
events_make_sinks(struct events *events, struct audit *audit, struct event_sink *sinks)
{
	const struct config *config = events->config;
	size_t count = 0;

	if (config->clickhouse_url[0] != '\0')
		sinks[count++] = sink_clickhouse_sink(events_make_clickhouse(config, events));
	if (config->events_discard)
		sinks[count++] = sink_discard_sink(false);
	if (audit != NULL)
		sinks[count++] = audit_new_sink(audit);
	return count;
}

struct events *
events_new(const struct config *config, struct audit *audit)
{
	struct event_sink sinks[EVENT_SINKS_MOST];
	struct events *events = xcalloc(1, sizeof(*events));
	size_t count;

	events->config = config;
	events_name_instance(events);
	count = events_make_sinks(events, audit, sinks);
	if (count == 0) {
		free(events);
		return NULL;
	}
	events->exporter = event_exporter_new(sinks, count);
	return events;
}

struct event_recorder *
events_new_recorder(struct events *events, void (*wake)(void *arg), void (*waits)(void *arg),
		    void *arg)
{
	const struct event_recorder_settings settings = {
		.exporter = events->exporter,
		.addresses = (enum event_addresses)events->config->events_addresses,
		.proxies = &events->config->proxies,
		.datacenter_bits = (unsigned)events->config->snowflake_datacenter_bits,
		.wake = wake,
		.waits = waits,
		.arg = arg,
	};

	return event_recorder_new(&settings);
}

bool
events_start(struct events *events)
{
	return event_exporter_start(events->exporter);
}

void
events_note(struct events *events, const struct event_record *record)
{
	if (events != NULL)
		event_exporter_note(events->exporter, record);
}

static void
events_record_change(struct events *events, const struct database_state *state,
		     enum database_condition before)
{
	char memory[REASON_SIZE + 64];
	struct text words = TEXT_OVER(memory);
	struct event_record record;

	text_addf(&words, "%s, was %s%s%s", database_condition_name(state->condition),
		  database_condition_name(before), state->reason[0] != '\0' ? ": " : "",
		  state->reason);
	event_record_begin(&record,
			   state->condition == DATABASE_REFUSED ? EVENT_REFUSAL : EVENT_BREAKER,
			   clock_utc_ms());
	record.node = (uint32_t)state->space->node_number;
	event_record_set(&record, EVENT_STORE, state->name, strlen(state->name));
	event_record_set(&record, EVENT_WORDS, memory, words.len);
	events_note(events, &record);
}

void
events_look(struct events *events, const struct database_state *states, size_t count)
{
	if (events == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		enum database_condition before = events->conditions[i];

		events->conditions[i] = states[i].condition;
		if (events->has_looked && before != states[i].condition)
			events_record_change(events, &states[i], before);
	}
	events->has_looked = true;
}

void
events_stop(struct events *events, uint64_t deadline_ms)
{
	if (events != NULL)
		event_exporter_stop(events->exporter, deadline_ms);
}

void
events_free(struct events *events)
{
	if (events == NULL)
		return;
	event_exporter_free(events->exporter);
	free(events);
}
