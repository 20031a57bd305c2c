/*
 * endpoint -- reads the parts that all network addresses in the settings have in common. Pure; any thread.
 */
#ifndef TICKR_BASE_ENDPOINT_H
#define TICKR_BASE_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

#define ENDPOINT_UNIX_PREFIX "unix:"
#define ENDPOINT_PATH_TOO_LONG \
	"the path has more than the 107 bytes that the system allows for a Unix socket"
#define ENDPOINT_ZONE "a zone (after the %) is not supported: remove it, or use another address"

/* Return the mistake in TEXT that is one in any address, in words; NULL if there is none. */
const char *endpoint_mistake(const char *text) MUST_CHECK;

/* Read TEXT as a port, 0 to 65535. */
bool endpoint_read_port(const char *text, uint64_t *port) MUST_CHECK;

/*
 * Read the IPv6 address between the brackets at the beginning of TEXT. Write it to HOST, of
 * INET6_ADDRSTRLEN bytes, and to ADDRESS. *REST is the text after the closing bracket. Return NULL, or
 * the mistake in words.
 */
const char *endpoint_read_brackets(const char *text, char *host, struct in6_addr *address,
				   const char **rest) MUST_CHECK;

/* Add to PROBLEM that ONE, the address with this NUMBER in its list, has the mistake WORDS. */
void endpoint_add_problem(struct text *problem, size_t number, const char *one, const char *words);

#endif
