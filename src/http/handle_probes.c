#include "http/handlers.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/server.h"

void
handle_livez(struct exchange *exchange, const struct route_argument *arguments)
{
	(void)arguments;
	evbuffer_add_printf(reply_body(exchange), "{\"live\":true}");
	reply_json(exchange);
}

void
handle_readyz(struct exchange *exchange, const struct route_argument *arguments)
{
	const struct ticket_service *service = exchange_context(exchange);
	bool is_ready = query_has(exchange_query(exchange), "sequences")
				? service_sequences_are_ready(service)
				: service_is_ready(service);

	(void)arguments;
	if (!is_ready || http_server_is_draining(exchange->server)) {
		reply_unready(exchange);
		return;
	}
	evbuffer_add_printf(reply_body(exchange), "{\"ready\":true}");
	reply_json(exchange);
}
