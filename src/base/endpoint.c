#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "base/endpoint.h"
#include "base/parse.h"

#define MOST_SHOWN 150 /* bytes of an address that cannot be read */

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == 108,
	       "ENDPOINT_PATH_TOO_LONG says 107");

const char *
endpoint_mistake(const char *text)
{
	if (text[0] == '\0')
		return "an address is missing between the commas or after the last one";
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == '\177')
			return "it has a control character, such as a carriage return at its end";
	if (text[0] == ' ' || text[strlen(text) - 1] == ' ')
		return "it begins or ends in a blank: remove the blank";
	if (strstr(text, "://") != NULL)
		return "remove the scheme and the //";
	return NULL;
}

bool
endpoint_read_port(const char *text, uint64_t *port)
{
	return parse_number(text, strlen(text), 65535, port);
}

const char *
endpoint_read_brackets(const char *text, char *host, struct in6_addr *address, const char **rest)
{
	const char *close = strchr(text, ']');
	size_t len = close != NULL ? (size_t)(close - text) - 1 : 0;

	if (close == NULL)
		return "the bracket is not closed";
	if (memchr(text + 1, '%', len) != NULL)
		return ENDPOINT_ZONE;
	if (len >= INET6_ADDRSTRLEN)
		return "the brackets do not hold an IPv6 address";
	memcpy(host, text + 1, len);
	host[len] = '\0';
	if (inet_pton(AF_INET6, host, address) != 1)
		return "the brackets do not hold an IPv6 address";
	*rest = close + 1;
	return NULL;
}

void
endpoint_add_problem(struct text *problem, size_t number, const char *one, const char *words)
{
	text_addf(problem, "%snumber %zu, ", problem->len > 0 ? "; " : "", number);
	text_add_quoted(problem, one, MOST_SHOWN);
	text_addf(problem, ": %s", words);
}
