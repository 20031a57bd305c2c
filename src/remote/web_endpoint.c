#include <string.h>

#include "base/parse.h"
#include "remote/web.h"

const char *
web_endpoint_mistake(const char *endpoint)
{
	const char *host, *port;
	uint64_t number;

	if (strncmp(endpoint, "http://", 7) == 0)
		host = endpoint + 7;
	else if (strncmp(endpoint, "https://", 8) == 0)
		host = endpoint + 8;
	else
		return "begin it with http:// or https://";
	if (strchr(host, '@') != NULL)
		return "remove the user and the password: they have settings of their own";
	for (const char *c = host; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~' || strchr("/?#\\\"", *c))
			return "write only the host and the port after the slashes, without a path";
	port = strrchr(host, ':');
	if (host[0] == '[') {
		const char *end = strchr(host, ']');

		if (end == NULL || end == host + 1 || (end[1] != '\0' && end[1] != ':'))
			return "write an IPv6 address in brackets, and the port after them";
		port = end[1] == ':' ? end + 1 : NULL;
	} else if (port != NULL && strchr(host, ':') != port)
		return "write an IPv6 address in brackets, and the port after them";
	if (host[0] == '\0' || port == host)
		return "the host is missing";
	if (port != NULL &&
	    (!parse_number(port + 1, strlen(port + 1), 65535, &number) || number == 0))
		return "the port must be a number from 1 to 65535";
	return NULL;
}
