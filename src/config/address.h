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
	socklen_t len;
};

/*
 * A comma-separated list of address:port, [v6]:port and unix:/path into ADDRESSES,
 * at most MOST_LISTEN_ADDRESSES. Port 0 is allowed: the kernel chooses. False, with
 * each address that cannot be read and the reason in PROBLEM.
 */
bool listen_addresses_parse(const char *list, struct listen_address *addresses, size_t *count,
			    struct text *problem) MUST_CHECK;

/* The Unix socket at PATH, which is absolute. False, with the reason in PROBLEM, if it is not or too long. */
bool listen_address_unix(const char *path, struct listen_address *address,
			 struct text *problem) MUST_CHECK;

/* ADDRESS as it is written in TICKR_LISTEN. */
void listen_address_describe(const struct listen_address *address, struct text *text);

#endif
