/*
 * Each reader returns NULL, or why it cannot read the text: words that go behind "ADDRESS: ".
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "config/address.h"

#define UNIX_PREFIX "unix:"
#define MOST_SHOWN  150 /* bytes of an address that cannot be read */
#define PATH_TOO_LONG \
	"a path of more than 107 bytes: the system takes no longer one for a Unix socket"
#define ZONE "a zone, behind the %, is not supported: leave it out, or use another address"

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == 108, "PATH_TOO_LONG says 107");

static bool
parse_port(const char *text, uint64_t *port)
{
	return parse_number(text, strlen(text), 65535, port);
}

/* What is wrong with TEXT whatever it is an address of. */
static const char *
slip_of(const char *text)
{
	if (text[0] == '\0')
		return "nothing stands between the commas, or behind the last one";
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == '\177')
			return "a control character is in it, such as a carriage return at its end";
	if (text[0] == ' ' || text[strlen(text) - 1] == ' ')
		return "a blank is at its beginning or its end: remove it";
	if (strstr(text, "://") != NULL)
		return "leave out what is before the //, and the // too";
	return NULL;
}

/*
 * The address between the brackets at the beginning of TEXT into HOST, of INET6_ADDRSTRLEN bytes.
 * *REST is what follows the closing bracket.
 */
static const char *
read_brackets(const char *text, char *host, struct in6_addr *address, const char **rest)
{
	const char *close = strchr(text, ']');
	size_t len = close != NULL ? (size_t)(close - text) - 1 : 0;

	if (close == NULL)
		return "the bracket is not closed";
	if (memchr(text + 1, '%', len) != NULL)
		return ZONE;
	if (len >= INET6_ADDRSTRLEN)
		return "what is between the brackets is no IPv6 address";
	memcpy(host, text + 1, len);
	host[len] = '\0';
	if (inet_pton(AF_INET6, host, address) != 1)
		return "what is between the brackets is no IPv6 address";
	*rest = close + 1;
	return NULL;
}

/* --- where to listen -------------------------------------------------------------------------- */

static const char *
read_unix(const char *path, struct listen_address *to)
{
	struct sockaddr_un *address = (struct sockaddr_un *)&to->address;

	memset(to, 0, sizeof(*to));
	if (path[0] != '/')
		return "the path of a Unix socket begins with a slash";
	if (strlen(path) >= sizeof(address->sun_path))
		return PATH_TOO_LONG;
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	to->len = sizeof(*address);
	return NULL;
}

static const char *
read_inet6(const char *text, struct listen_address *to)
{
	struct sockaddr_in6 *address = (struct sockaddr_in6 *)&to->address;
	char host[INET6_ADDRSTRLEN];
	const char *rest = "";
	const char *problem = read_brackets(text, host, &address->sin6_addr, &rest);
	uint64_t port;

	if (problem != NULL)
		return problem;
	if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr))
		return "an IPv4 address is written without ::ffff: and without brackets";
	if (rest[0] != ':')
		return "a colon and a port are missing behind the bracket";
	if (!parse_port(rest + 1, &port))
		return "the port must be a number from 0 to 65535";
	address->sin6_family = AF_INET6;
	address->sin6_port = htons((uint16_t)port);
	to->len = sizeof(*address);
	return NULL;
}

/* TEXT is not an IPv4 address, a colon and a port. */
static const char *
explain_inet(const char *text, bool is_port)
{
	const char *colon = strchr(text, ':');

	if (text[0] == '/')
		return "write unix: before the path of a Unix socket";
	if (colon != NULL && strchr(colon + 1, ':') != NULL)
		return "an IPv6 address is written in brackets: [::1]:8080";
	if (colon == text || text[strspn(text, "0123456789")] == '\0')
		return "an address is missing before the port";
	if (colon == NULL)
		return "a colon and a port are missing";
	if (text[0] == '*')
		return "write 0.0.0.0 for every IPv4 address of this host, [::] for every IPv6 "
		       "address";
	if (text[strspn(text, "0123456789.:")] != '\0' && is_port)
		return "names are not looked up: write an address";
	if (!is_port)
		return "the port must be a number from 0 to 65535";
	return "what is before the colon is no IPv4 address";
}

static const char *
read_inet(const char *text, struct listen_address *to)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&to->address;
	size_t len = strcspn(text, ":");
	char host[INET_ADDRSTRLEN] = "";
	uint64_t port = 0;
	bool is_port = text[len] == ':' && parse_port(text + len + 1, &port);

	if (len < sizeof(host))
		memcpy(host, text, len);
	if (!is_port || inet_pton(AF_INET, host, &address->sin_addr) != 1)
		return explain_inet(text, is_port);
	address->sin_family = AF_INET;
	address->sin_port = htons((uint16_t)port);
	to->len = sizeof(*address);
	return NULL;
}

static const char *
read_listen(const char *text, struct listen_address *to)
{
	const char *slip = slip_of(text);

	memset(to, 0, sizeof(*to));
	if (slip != NULL)
		return slip;
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return read_unix(text + strlen(UNIX_PREFIX), to);
	return text[0] == '[' ? read_inet6(text, to) : read_inet(text, to);
}

bool
listen_address_unix(const char *path, struct listen_address *to, struct text *problem)
{
	const char *words = read_unix(path, to);

	if (words != NULL)
		text_add(problem, words);
	return words == NULL;
}

/* --- lists ------------------------------------------------------------------------------------ */

static void
add_problem(struct text *problem, size_t number, const char *one, const char *words)
{
	text_addf(problem, "%snumber %zu, ", problem->len > 0 ? "; " : "", number);
	text_add_quoted(problem, one, MOST_SHOWN);
	text_addf(problem, ": %s", words);
}

/* Reads ONE, which is number INDEX of a list, to its place in TO. NULL, or what is wrong. */
typedef const char *read_fn(const char *one, void *to, size_t index);

/*
 * Read each piece of LIST. False if one cannot be read, or there are more than MOST, with all
 * that is wrong in PROBLEM.
 */
static bool
read_list(const char *list, size_t most, read_fn *read, void *to, size_t *count,
	  struct text *problem)
{
	*count = 0;
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		char *one = xstrndup(at, len);
		const char *words = *count < most ? read(one, to, *count) : NULL;

		if (words != NULL)
			add_problem(problem, *count + 1, one, words);
		free(one);
		(*count)++;
		at += len;
		if (*at == '\0')
			break;
	}
	if (*count > most)
		text_addf(problem, "%smore than %zu of them", problem->len > 0 ? "; " : "", most);
	if (problem->len > 0)
		*count = 0;
	return problem->len == 0;
}

static bool
is_port_0(const struct listen_address *address)
{
	const struct sockaddr *any = (const struct sockaddr *)&address->address;

	/* The port of both families of the internet is at one place. */
	return any->sa_family != AF_UNIX && ((const struct sockaddr_in *)any)->sin_port == 0;
}

static const char *
read_one_of_listen(const char *one, void *to, size_t index)
{
	struct listen_address *addresses = to;
	const char *problem = read_listen(one, &addresses[index]);

	if (problem != NULL || is_port_0(&addresses[index]))
		return problem;
	for (size_t i = 0; i < index; i++)
		if (memcmp(&addresses[i], &addresses[index], sizeof(*addresses)) == 0)
			return "it is in the list twice";
	return NULL;
}

bool
listen_addresses_parse(const char *list, struct listen_address *addresses, size_t *count,
		       struct text *problem)
{
	return read_list(list, MOST_LISTEN_ADDRESSES, read_one_of_listen, addresses, count,
			 problem);
}

/* --- where the database is -------------------------------------------------------------------- */

static const char *
read_database_port(const char *text, struct database_address *address)
{
	uint64_t port = 0;

	if (!parse_port(text, &port) || port == 0)
		return "the port must be a number from 1 to 65535";
	address->port = (uint16_t)port;
	return NULL;
}

static const char *
read_bracketed_host(const char *text, struct database_address *address)
{
	struct in6_addr ignored;
	const char *rest = "";
	const char *problem = read_brackets(text, address->host, &ignored, &rest);

	if (problem != NULL || rest[0] == '\0')
		return problem;
	if (rest[0] != ':')
		return "nothing but a colon and a port may stand behind the bracket";
	return read_database_port(rest + 1, address);
}

static const char *
read_host(const char *text, struct database_address *address)
{
	struct in6_addr ignored;
	bool is_inet6 = inet_pton(AF_INET6, text, &ignored) == 1;
	size_t len = is_inet6 ? strlen(text) : strcspn(text, ":");

	if (!is_inet6 && strchr(text, '%') != NULL)
		return ZONE;
	if (!is_inet6 && text[len] == ':' && strchr(text + len + 1, ':') != NULL)
		return "an IPv6 address with a port is written in brackets: [::1]:3306";
	if (len == 0)
		return "a name or an address is missing before the port";
	if (strcspn(text, " /,") != strlen(text))
		return "a host has no blank and no slash in it; the path of a socket begins with "
		       "a slash";
	if (len >= HOST_SIZE)
		return "a name of more than 255 bytes";
	memcpy(address->host, text, len);
	return text[len] == ':' ? read_database_port(text + len + 1, address) : NULL;
}

static const char *
read_database(const char *text, struct database_address *address)
{
	const char *slip = slip_of(text);

	memset(address, 0, sizeof(*address));
	if (slip != NULL)
		return slip;
	if (text[0] == '[')
		return read_bracketed_host(text, address);
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return "leave out unix: before the path of the socket";
	if (text[0] != '/')
		return read_host(text, address);
	if (strlen(text) >= sizeof(address->socket))
		return PATH_TOO_LONG;
	strcpy(address->socket, text);
	return NULL;
}

bool
database_address_parse(const char *text, struct database_address *address)
{
	return read_database(text, address) == NULL;
}

static const char *
read_one_of_databases(const char *one, void *to, size_t index)
{
	struct database_address *addresses = to;

	return read_database(one, &addresses[index]);
}

bool
database_addresses_parse(const char *list, struct database_address *addresses, size_t *count,
			 struct text *problem)
{
	return read_list(list, MOST_DATABASES, read_one_of_databases, addresses, count, problem);
}
