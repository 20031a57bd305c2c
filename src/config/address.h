/*
 * address -- reads the addresses to listen on. Pure; any thread.
 */
#ifndef TICKR_CONFIG_ADDRESS_H
#define TICKR_CONFIG_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/attributes.h"
#include "base/text.h"

#define MOST_LISTEN_ADDRESSES 16

struct listen_address {
	struct sockaddr_storage address;
	socklen_t len; /* of the family's struct in ADDRESS */
};

/*
 * Read LIST, of address:port, [v6]:port and unix:/path between commas, to ADDRESSES, which have room for
 * MOST_LISTEN_ADDRESSES. Port 0 is allowed: the kernel chooses one. False: PROBLEM has each address that
 * cannot be read, with its mistake.
 */
bool listen_addresses_parse(const char *list, struct listen_address *addresses, size_t *count,
			    struct text *problem) MUST_CHECK;

/* Set ADDRESS to the Unix socket at PATH. False, with the mistake in PROBLEM: it is relative or too long. */
bool listen_address_unix(const char *path, struct listen_address *address,
			 struct text *problem) MUST_CHECK;

#endif
