#include <stdlib.h>

#include "audit.h"
#include "base/memory.h"
#include "base/networks.h"
#include "events.h"
#include "events/sink_discard.h"

struct events {
	const struct config *config;
	struct event_exporter *exporter;
};

static size_t
events_make_sinks(const struct config *config, struct audit *audit, struct event_sink *sinks)
{
	size_t count = 0;

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
	size_t count = events_make_sinks(config, audit, sinks);
	struct events *events;

	if (count == 0)
		return NULL;
	events = xcalloc(1, sizeof(*events));
	events->config = config;
	events->exporter = event_exporter_new(sinks, count);
	return events;
}

struct event_recorder *
events_new_recorder(struct events *events, void (*wake)(void *arg), void *arg)
{
	const struct event_recorder_settings settings = {
		.exporter = events->exporter,
		.addresses = (enum event_addresses)events->config->events_addresses,
		.proxies = &events->config->proxies,
		.wake = wake,
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
