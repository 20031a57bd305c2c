#include <stdlib.h>

#include "base/memory.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "ticket/database.h"

/* What is known of the databases is worked out when somebody asks. */
static void
update_gauges(const struct http_settings *settings)
{
	struct database_state states[MOST_DATABASES];
	size_t count = settings->databases(settings->arg, states);
	uint64_t ticket, lasts_ms;

	for (unsigned i = 0; i < count; i++) {
		if (database_last_ticket(&states[i], &ticket))
			metrics_set(METRIC_LAST_TICKET + i, ticket);
		metrics_set(METRIC_TICKETS_LEFT + i,
			    space_left(states[i].space, states[i].newest_base));
		metrics_set(METRIC_DATABASE_UP + i, states[i].condition == DATABASE_UP);
		metrics_set(METRIC_DATABASE_REFUSED + i, states[i].condition == DATABASE_REFUSED);
	}
	if (settings->reserved == NULL)
		return;
	metrics_set(METRIC_TICKETS_RESERVED, settings->reserved(settings->arg, &lasts_ms));
	metrics_set(METRIC_RESERVED_SECONDS, lasts_ms);
}

void
handle_metrics(struct exchange *exchange, const char *argument)
{
	char *memory = xcalloc(1, METRICS_PAGE_SIZE);
	struct text page = text_over(memory, METRICS_PAGE_SIZE);

	(void)argument;
	update_gauges(&exchange->server->settings);
	metrics_write(&page);
	evbuffer_add(reply_body(exchange), memory, page.len);
	free(memory);
	reply_text(exchange, "text/plain; version=0.0.4");
}
