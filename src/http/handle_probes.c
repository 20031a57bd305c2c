#include "http/handlers.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/sequence_target.h"
#include "http/server.h"

void
handle_livez(struct exchange *exchange, const struct route_argument *arguments)
{
	(void)arguments;
	evbuffer_add_printf(reply_body(exchange), "{\"live\":true}");
	reply_json(exchange);
}

/* A store that there is not is not ready. */
static bool
handle_probes_store_is_ready(const struct exchange *exchange)
{
	const struct ticket_service *service = exchange_context(exchange);
	const struct front_store *store;
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	return sequence_target_find_store(exchange_query(exchange), &service->stores, &store,
					  &problem) &&
	       service_store_is_ready(service, store);
}

void
handle_readyz(struct exchange *exchange, const struct route_argument *arguments)
{
	const struct ticket_service *service = exchange_context(exchange);
	const char *query = exchange_query(exchange);
	bool is_ready = query_has(query, "sequences") || query_has(query, "store")
				? handle_probes_store_is_ready(exchange)
				: service_is_ready(service);

	(void)arguments;
	if (!is_ready || http_server_is_draining(exchange->server)) {
		reply_unready(exchange);
		return;
	}
	evbuffer_add_printf(reply_body(exchange), "{\"ready\":true}");
	reply_json(exchange);
}
