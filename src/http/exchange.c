#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/server.h"

struct exchange *
exchange_new(struct http_server *server, struct evhttp_request *http)
{
	/* Letters, digits and a little punctuation are safe to send back and to log. */
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_.:+/=@";
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));
	const char *id;

	exchange->server = server;
	exchange->http = http;
	exchange->began_us = clock_us();
	exchange->connection =
		connection_begin(server->connections, evhttp_request_get_connection(http),
				 exchange->began_us / 1000);
	id = exchange_header(exchange, "X-Request-Id");
	if (id != NULL && strlen(id) < REQUEST_ID_SIZE && id[strspn(id, allowed)] == '\0')
		strcpy(exchange->request_id, id);
	return exchange;
}

const char *
exchange_path(const struct exchange *exchange)
{
	const char *target = evhttp_request_get_uri(exchange->http);
	bool is_path = target[0] == '/' && target[1] != '/';
	bool is_absolute =
		strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0;

	return is_path || is_absolute
		       ? evhttp_uri_get_path(evhttp_request_get_evhttp_uri(exchange->http))
		       : NULL;
}

const char *
exchange_header(const struct exchange *exchange, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(exchange->http), name);
}

const char *
exchange_query(const struct exchange *exchange)
{
	return evhttp_uri_get_query(evhttp_request_get_evhttp_uri(exchange->http));
}

void *
exchange_context(const struct exchange *exchange)
{
	return exchange->server->settings.context;
}
