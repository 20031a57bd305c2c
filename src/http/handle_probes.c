#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"
#include "ticket/database.h"

void
handle_livez(struct exchange *exchange, const struct route_argument *arguments)
{
	(void)arguments;
	evbuffer_add_printf(reply_body(exchange), "{\"live\":true}");
	reply_json(exchange);
}

static bool
handle_probes_is_ready(const struct exchange *exchange)
{
	const struct ticket_service *service = exchange_context(exchange);
	struct database_state states[MOST_DATABASES];
	size_t count = service->databases(service->arg, states);
	uint64_t lasts_ms;

	if (http_server_is_draining(exchange->server))
		return false;
	if (service->reserved != NULL && service->reserved(service->arg, &lasts_ms) > 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (database_gives(&states[i]))
			return true;
	return false;
}

void
handle_readyz(struct exchange *exchange, const struct route_argument *arguments)
{
	(void)arguments;
	if (!handle_probes_is_ready(exchange)) {
		reply_unready(exchange);
		return;
	}
	evbuffer_add_printf(reply_body(exchange), "{\"ready\":true}");
	reply_json(exchange);
}
