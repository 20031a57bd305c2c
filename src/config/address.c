#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/parse.h"
#include "config/address.h"

#define UNIX_PREFIX "unix:"

/* Copies LEN bytes as a string; false when they do not fit. */
static bool
copy(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size || memchr(from, '\0', len) != NULL)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

static bool
parse_port(const char *text, uint64_t *port)
{
	return parse_number(text, strlen(text), 65535, port);
}

bool
listen_address_unix(const char *path, struct listen_address *to)
{
	struct sockaddr_un *address = (struct sockaddr_un *)&to->address;

	memset(to, 0, sizeof(*to));
	if (path[0] != '/' || strlen(path) >= sizeof(address->sun_path))
		return false;
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	to->len = sizeof(*address);
	return true;
}

static bool
inet6_address(const char *text, struct listen_address *to)
{
	struct sockaddr_in6 *address = (struct sockaddr_in6 *)&to->address;
	const char *close = strchr(text, ']');
	char host[INET6_ADDRSTRLEN];
	uint64_t port;

	if (close == NULL || close[1] != ':' || !parse_port(close + 2, &port) ||
	    !copy(host, sizeof(host), text + 1, (size_t)(close - text) - 1) ||
	    inet_pton(AF_INET6, host, &address->sin6_addr) != 1)
		return false;
	address->sin6_family = AF_INET6;
	address->sin6_port = htons((uint16_t)port);
	to->len = sizeof(*address);
	return true;
}

static bool
inet_address(const char *text, struct listen_address *to)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&to->address;
	const char *colon = strchr(text, ':');
	char host[INET_ADDRSTRLEN];
	uint64_t port;

	if (colon == NULL || !parse_port(colon + 1, &port) ||
	    !copy(host, sizeof(host), text, (size_t)(colon - text)) ||
	    inet_pton(AF_INET, host, &address->sin_addr) != 1)
		return false;
	address->sin_family = AF_INET;
	address->sin_port = htons((uint16_t)port);
	to->len = sizeof(*address);
	return true;
}

static bool
listen_address_parse(const char *text, struct listen_address *to)
{
	memset(to, 0, sizeof(*to));
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return listen_address_unix(text + strlen(UNIX_PREFIX), to);
	if (text[0] == '[')
		return inet6_address(text, to);
	return inet_address(text, to);
}

bool
listen_addresses_parse(const char *list, struct listen_address *addresses, size_t *count,
		       struct text *problem)
{
	*count = 0;
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		char one[sizeof(UNIX_PREFIX) + sizeof(struct sockaddr_un)];

		if (*count == MOST_LISTEN_ADDRESSES) {
			text_addf(problem, "more than %d addresses", MOST_LISTEN_ADDRESSES);
			return false;
		}
		if (!copy(one, sizeof(one), at, len) ||
		    !listen_address_parse(one, &addresses[*count])) {
			text_addf(problem, "cannot read address number %zu", *count + 1);
			return false;
		}
		(*count)++;
		at += len;
		if (*at == '\0')
			return true;
	}
}

/* What stands between brackets, and the port behind them, if any. */
static bool
bracketed_host(const char *text, struct database_address *address)
{
	const char *close = strchr(text, ']');
	struct in6_addr ignored;
	uint64_t port = 0;

	if (close == NULL ||
	    !copy(address->host, HOST_SIZE, text + 1, (size_t)(close - text) - 1) ||
	    inet_pton(AF_INET6, address->host, &ignored) != 1)
		return false;
	if (close[1] != '\0' && (close[1] != ':' || !parse_port(close + 2, &port) || port == 0))
		return false;
	address->port = (uint16_t)port;
	return true;
}

bool
database_address_parse(const char *text, struct database_address *address)
{
	const char *colon = strchr(text, ':');
	struct in6_addr ignored;
	uint64_t port = 0;

	memset(address, 0, sizeof(*address));
	if (text[0] == '/')
		return copy(address->socket, sizeof(address->socket), text, strlen(text));
	if (text[0] == '[')
		return bracketed_host(text, address);
	if (inet_pton(AF_INET6, text, &ignored) == 1)
		colon = NULL;
	if (colon != NULL && (!parse_port(colon + 1, &port) || port == 0))
		return false;
	address->port = (uint16_t)port;
	if (text[strcspn(text, " \t,/")] != '\0')
		return false;
	return text[0] != '\0' && colon != text &&
	       copy(address->host, HOST_SIZE, text,
		    colon != NULL ? (size_t)(colon - text) : strlen(text));
}

bool
database_addresses_parse(const char *list, struct database_address *addresses, size_t *count,
			 struct text *problem)
{
	*count = 0;
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		char one[HOST_SIZE + sizeof("[]:65535")];

		if (*count == MOST_DATABASES) {
			text_addf(problem, "more than %d databases", MOST_DATABASES);
			return false;
		}
		if (!copy(one, sizeof(one), at, len) ||
		    !database_address_parse(one, &addresses[*count])) {
			text_addf(problem, "cannot read database number %zu", *count + 1);
			return false;
		}
		(*count)++;
		at += len;
		if (*at == '\0')
			return true;
	}
}

void
listen_address_describe(const struct listen_address *address, struct text *text)
{
	const struct sockaddr *any = (const struct sockaddr *)&address->address;
	char host[INET6_ADDRSTRLEN] = "?";

	if (any->sa_family == AF_UNIX) {
		text_addf(text, "unix:%s", ((const struct sockaddr_un *)any)->sun_path);
	} else if (any->sa_family == AF_INET6) {
		const struct sockaddr_in6 *inet6 = (const struct sockaddr_in6 *)any;

		inet_ntop(AF_INET6, &inet6->sin6_addr, host, sizeof(host));
		text_addf(text, "[%s]:%u", host, ntohs(inet6->sin6_port));
	} else if (any->sa_family == AF_INET) {
		const struct sockaddr_in *inet = (const struct sockaddr_in *)any;

		inet_ntop(AF_INET, &inet->sin_addr, host, sizeof(host));
		text_addf(text, "%s:%u", host, ntohs(inet->sin_port));
	} else {
		text_addf(text, "family:%d", any->sa_family);
	}
}
