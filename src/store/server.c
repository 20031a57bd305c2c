#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/memory.h"
#include "store/server.h"

#define MOST_DATABASE_NAME 64

/* --- one address ----------------------------------------------------------------------------- */

static const char *
server_read_port(const char *text, struct server_address *address)
{
	uint64_t port = 0;

	if (!endpoint_read_port(text, &port) || port == 0)
		return "the port must be a number from 1 to 65535";
	address->port = (uint16_t)port;
	return NULL;
}

static const char *
server_read_host(const char *text, struct server_address *address)
{
	struct in6_addr ignored;
	bool is_inet6 = inet_pton(AF_INET6, text, &ignored) == 1;
	size_t len = is_inet6 ? strlen(text) : strcspn(text, ":");

	if (!is_inet6 && strchr(text, '%') != NULL)
		return ENDPOINT_ZONE;
	if (!is_inet6 && text[len] == ':' && strchr(text + len + 1, ':') != NULL)
		return "write an IPv6 address with a port in brackets: [::1]:3306";
	if (len == 0)
		return "a name or an address is missing before the port";
	if (strcspn(text, " /,") != strlen(text))
		return "a host has no blank and no slash. The path of a socket begins with a slash";
	if (len >= SERVER_HOST_SIZE)
		return "the name has more than 255 bytes";
	memcpy(address->host, text, len);
	return text[len] == ':' ? server_read_port(text + len + 1, address) : NULL;
}

const char *
server_address_parse(const char *text, struct server_address *address)
{
	const char *mistake = endpoint_mistake(text), *rest = "";
	struct in6_addr ignored;

	memset(address, 0, sizeof(*address));
	if (mistake != NULL)
		return mistake;
	if (text[0] == '[') {
		mistake = endpoint_read_brackets(text, address->host, &ignored, &rest);
		if (mistake != NULL || rest[0] == '\0')
			return mistake;
		if (rest[0] != ':')
			return "only a colon and a port may follow the bracket";
		return server_read_port(rest + 1, address);
	}
	if (strncmp(text, ENDPOINT_UNIX_PREFIX, strlen(ENDPOINT_UNIX_PREFIX)) == 0)
		return "remove unix: before the path of the socket";
	if (text[0] != '/')
		return server_read_host(text, address);
	if (strlen(text) >= sizeof(address->socket))
		return ENDPOINT_PATH_TOO_LONG;
	strcpy(address->socket, text);
	return NULL;
}

/* --- all of them ----------------------------------------------------------------------------- */

/* The client library takes localhost without any port for its Unix socket. */
static void
server_set_port(const struct store_given *given, struct server *server)
{
	bool is_given = server->address.port != 0 || given->is_set(given, "TICKR_DATABASE_PORT");
	bool is_local_name = strcmp(server->address.host, "localhost") == 0;
	uint64_t port = 0;

	if (server->address.port == 0 &&
	    endpoint_read_port(given->text(given, "TICKR_DATABASE_PORT", 0), &port))
		server->address.port = (uint16_t)port;
	server->is_tcp = server->address.socket[0] == '\0' && (!is_local_name || is_given);
}

static void
server_set_label(struct server *server)
{
	const struct server_address *address = &server->address;
	struct text label = TEXT_OVER(server->label);

	if (address->socket[0] != '\0')
		text_add(&label, address->socket);
	else if (!server->is_tcp)
		text_add(&label, address->host);
	else if (strchr(address->host, ':') != NULL)
		text_addf(&label, "[%s]:%u", address->host, address->port);
	else
		text_addf(&label, "%s:%u", address->host, address->port);
}

static void
server_check_they_differ(const struct store_given *given, struct server *const *servers,
			 size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct server_address *a = &servers[j]->address,
						    *b = &servers[i]->address;

			if (strcmp(a->host, b->host) == 0 && strcmp(a->socket, b->socket) == 0 &&
			    (a->socket[0] != '\0' || a->port == b->port) &&
			    strcmp(servers[j]->database, servers[i]->database) == 0)
				text_addf(given->problems,
					  "TICKR_DATABASE_HOST: databases number %zu and %zu are "
					  "the same: remove one of them\n",
					  j + 1, i + 1);
		}
}

static void
server_check_names(const struct store_given *given, struct server *const *servers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = servers[i]->database;

		if (name[0] == '\0' || strlen(name) > MOST_DATABASE_NAME ||
		    strchr(name, '`') != NULL) {
			given->refuse(given, "TICKR_DATABASE_NAME", NULL);
			return;
		}
	}
}

void
servers_parse(const struct store_given *given, struct server *const *servers, size_t count)
{
	char memory[2048];
	struct text problem = TEXT_OVER(memory);

	for (size_t i = 0; i < count; i++) {
		const char *host = given->text(given, "TICKR_DATABASE_HOST", i);
		const char *mistake = server_address_parse(host, &servers[i]->address);

		if (mistake != NULL)
			endpoint_add_problem(&problem, i + 1, host, mistake);
		server_set_port(given, servers[i]);
		server_set_label(servers[i]);
		servers[i]->user = xstrdup(given->text(given, "TICKR_DATABASE_USERNAME", i));
		servers[i]->password = xstrdup(given->text(given, "TICKR_DATABASE_PASSWORD", i));
		servers[i]->database = xstrdup(given->text(given, "TICKR_DATABASE_NAME", i));
	}
	if (problem.len > 0)
		given->refuse(given, "TICKR_DATABASE_HOST", memory);
	server_check_names(given, servers, count);
	if (problem.len == 0)
		server_check_they_differ(given, servers, count);
}

void
server_forget(struct server *server)
{
	free(server->user);
	xforget(server->password);
	free(server->database);
}
