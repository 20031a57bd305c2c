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

	return !server->is_draining && settings->is_ready(settings->arg) &&
	       space_left(&settings->space, settings->newest_base(settings->arg)) > 0;
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
