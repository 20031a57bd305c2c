#include <stdlib.h>

#include "base/memory.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "ticket/space.h"

/* What follows from the newest base is worked out when somebody asks. */
static void
update_gauges(const struct http_settings *settings)
{
	uint64_t newest_base = settings->newest_base(settings->arg);
	uint64_t last_base = space_last_base(&settings->space);
	uint64_t ticket;

	if (space_ticket(&settings->space, newest_base < last_base ? newest_base : last_base,
			 &ticket))
		metrics_set(METRIC_LAST_TICKET, ticket);
	metrics_set(METRIC_TICKETS_LEFT, space_left(&settings->space, newest_base));
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
