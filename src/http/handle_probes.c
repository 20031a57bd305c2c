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

void
handle_readyz(struct exchange *exchange, const char *argument)
{
	const struct http_settings *settings = &exchange->server->settings;

	(void)argument;
	if (exchange->server->is_draining || !settings->is_ready(settings->arg)) {
		reply_unready(exchange);
		return;
	}
	evbuffer_add_printf(reply_body(exchange), "{\"ready\":true}");
	reply_json(exchange);
}
