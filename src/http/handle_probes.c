#include "http/handlers.h"
#include "http/reply.h"
#include "http/server.h"

void
handle_livez(struct exchange *exchange, const char *argument)
{
	(void)argument;
	evbuffer_add_printf(reply_body(exchange), "{\"live\":true}");
	reply_json(exchange);
}

static bool
can_give_tickets(const struct http_server *server)
{
	const struct http_settings *settings = &server->settings;
	struct database_state states[MOST_DATABASES];
	size_t count = settings->databases(settings->arg, states);
	uint64_t lasts_ms;

	if (server->is_draining)
		return false;
	if (settings->reserved != NULL && settings->reserved(settings->arg, &lasts_ms) > 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (database_gives(&states[i]))
			return true;
	return false;
}

void
handle_readyz(struct exchange *exchange, const char *argument)
{
	(void)argument;
	if (!can_give_tickets(exchange->server)) {
		reply_unready(exchange);
		return;
	}
	evbuffer_add_printf(reply_body(exchange), "{\"ready\":true}");
	reply_json(exchange);
}
