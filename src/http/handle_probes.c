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
	struct database_state states[MOST_DATABASES];
	size_t count = server->settings.databases(server->settings.arg, states);

	for (size_t i = 0; !server->is_draining && i < count; i++)
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
