#include "http/handlers.h"
#include "http/query.h"
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

/* Named sequences have sessions of their own in the databases, so they may be ready when tickets are not. */
static bool
handle_probes_sequences_are_ready(const struct exchange *exchange)
{
	const struct ticket_service *service = exchange_context(exchange);
	struct database_state states[MOST_DATABASES];
	size_t count = 0;

	if (service->front != NULL && !http_server_is_draining(exchange->server))
		count = service->sequences(service->arg, states);
	for (size_t i = 0; i < count; i++)
		if (database_gives(&states[i]))
			return true;
	return false;
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
	bool is_ready = query_has(exchange_query(exchange), "sequences")
				? handle_probes_sequences_are_ready(exchange)
				: handle_probes_is_ready(exchange);

	(void)arguments;
	if (!is_ready) {
		reply_unready(exchange);
		return;
	}
	evbuffer_add_printf(reply_body(exchange), "{\"ready\":true}");
	reply_json(exchange);
}
