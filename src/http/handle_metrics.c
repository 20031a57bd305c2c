#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "metrics/metrics.h"
#include "ticket/database.h"

/* Set the gauges that are computed only when a page is requested. */
static void
handle_metrics_update_gauges(const struct ticket_service *service)
{
	struct database_state states[MOST_DATABASES];
	uint64_t tickets, lasts_ms;

	metrics_set_databases(states, service->databases(service->arg, states));
	if (service->reserved == NULL)
		return;
	tickets = service->reserved(service->arg, &lasts_ms);
	metrics_set_reserved(tickets, lasts_ms);
}

void
handle_metrics(struct exchange *exchange, const struct route_argument *arguments)
{
	const struct ticket_service *service = exchange_context(exchange);
	char *memory = xcalloc(1, METRICS_PAGE_SIZE + BUSIEST_PAGE_SIZE);
	struct text page = text_over(memory, METRICS_PAGE_SIZE + BUSIEST_PAGE_SIZE);
	const struct front_store *own;

	(void)arguments;
	handle_metrics_update_gauges(service);
	metrics_write(&page);
	own = front_stores_find(&service->stores, FRONT_STORE_OWN, strlen(FRONT_STORE_OWN));
	if (own != NULL)
		front_add_busiest(own->front, &page);
	evbuffer_add(reply_body(exchange), memory, page.len);
	free(memory);
	reply_text(exchange, "text/plain; version=0.0.4");
}
