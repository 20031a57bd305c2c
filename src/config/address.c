#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/memory.h"
#include "config/address.h"

/* --- one address: each reader returns NULL, or the mistake in words ---------------------------- */

static const char *
address_read_unix(const char *path, struct listen_address *to)
{
	struct sockaddr_un *address = (struct sockaddr_un *)&to->address;

	memset(to, 0, sizeof(*to));
	if (path[0] != '/')
		return "the path of a Unix socket begins with a slash";
	if (strlen(path) >= sizeof(address->sun_path))
		return ENDPOINT_PATH_TOO_LONG;
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	to->len = sizeof(*address);
	return NULL;
}

static const char *
address_read_inet6(const char *text, struct listen_address *to)
{
	struct sockaddr_in6 *address = (struct sockaddr_in6 *)&to->address;
	char host[INET6_ADDRSTRLEN];
	const char *rest = "";
	const char *mistake = endpoint_read_brackets(text, host, &address->sin6_addr, &rest);
	uint64_t port;

	if (mistake != NULL)
		return mistake;
	if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr))
		return "write an IPv4 address without ::ffff: and without brackets";
	if (rest[0] != ':')
		return "a colon and a port are missing after the bracket";
	if (!endpoint_read_port(rest + 1, &port))
		return "the port must be a number from 0 to 65535";
	address->sin6_family = AF_INET6;
	address->sin6_port = htons((uint16_t)port);
	to->len = sizeof(*address);
	return NULL;
}

/* Return what TEXT lacks to be an IPv4 address, a colon and a port. */
static const char *
address_explain_inet(const char *text, bool is_port)
{
	const char *colon = strchr(text, ':');

	if (text[0] == '/')
		return "write unix: before the path of a Unix socket";
	if (colon != NULL && strchr(colon + 1, ':') != NULL)
		return "write an IPv6 address in brackets: [::1]:8080";
	if (colon == text || text[strspn(text, "0123456789")] == '\0')
		return "an address is missing before the port";
	if (colon == NULL)
		return "a colon and a port are missing";
	if (text[0] == '*')
		return "write 0.0.0.0 for every IPv4 address of this host, [::] for every IPv6 "
		       "address";
	if (text[strspn(text, "0123456789.:")] != '\0' && is_port)
		return "tickrd does not look up names: write an address";
	if (!is_port)
		return "the port must be a number from 0 to 65535";
	return "the text before the colon is not an IPv4 address";
}

static const char *
address_read_inet(const char *text, struct listen_address *to)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&to->address;
	size_t len = strcspn(text, ":");
	char host[INET_ADDRSTRLEN] = "";
	uint64_t port = 0;
	bool is_port = text[len] == ':' && endpoint_read_port(text + len + 1, &port);

	if (len < sizeof(host))
		memcpy(host, text, len);
	if (!is_port || inet_pton(AF_INET, host, &address->sin_addr) != 1)
		return address_explain_inet(text, is_port);
	address->sin_family = AF_INET;
	address->sin_port = htons((uint16_t)port);
	to->len = sizeof(*address);
	return NULL;
}

bool
listen_address_unix(const char *path, struct listen_address *to, struct text *problem)
{
	const char *mistake = address_read_unix(path, to);

	if (mistake != NULL)
		text_add(problem, mistake);
	return mistake == NULL;
}

/* --- lists ------------------------------------------------------------------------------------ */

/* Read ONE to its place in ADDRESSES, which is this INDEX. */
static const char *
address_read(const char *one, struct listen_address *addresses, size_t index)
{
	struct listen_address *to = &addresses[index];
	const char *mistake = endpoint_mistake(one);

	memset(to, 0, sizeof(*to));
	if (mistake != NULL)
		return mistake;
	if (strncmp(one, ENDPOINT_UNIX_PREFIX, strlen(ENDPOINT_UNIX_PREFIX)) == 0)
		mistake = address_read_unix(one + strlen(ENDPOINT_UNIX_PREFIX), to);
	else
		mistake = one[0] == '[' ? address_read_inet6(one, to) : address_read_inet(one, to);
	/* Several sockets may have port 0. The port of both families of the internet is at one place. */
	if (mistake != NULL || (to->address.ss_family != AF_UNIX &&
				((const struct sockaddr_in *)&to->address)->sin_port == 0))
		return mistake;
	for (size_t i = 0; i < index; i++)
		if (memcmp(&addresses[i], to, sizeof(*to)) == 0)
			return "it is in the list twice";
	return NULL;
}

bool
listen_addresses_parse(const char *list, struct listen_address *addresses, size_t *count,
		       struct text *problem)
{
	*count = 0;
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		char *one = xstrndup(at, len);
		const char *mistake = *count < MOST_LISTEN_ADDRESSES
					      ? address_read(one, addresses, *count)
					      : NULL;

		if (mistake != NULL)
			endpoint_add_problem(problem, *count + 1, one, mistake);
		free(one);
		(*count)++;
		at += len;
		if (*at == '\0')
			break;
	}
	if (*count > MOST_LISTEN_ADDRESSES)
		text_addf(problem, "%smore than %d of them", problem->len > 0 ? "; " : "",
			  MOST_LISTEN_ADDRESSES);
	if (problem->len > 0)
		*count = 0;
	return problem->len == 0;
}
