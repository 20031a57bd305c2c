/*
 * address -- reads where to listen and where the database is. Pure; any thread.
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
#include "ticket/database.h"

#define MOST_LISTEN_ADDRESSES 16
#define HOST_SIZE	      256

struct listen_address {
	struct sockaddr_storage address;
	socklen_t len;
};

/* Where a database is: a Unix socket, or a host and a port. */
struct database_address {
	char host[HOST_SIZE];					  /* "" with a socket */
	uint16_t port;						  /* 0: none was named */
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "" without one */
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

/* A name, an address, host:port, [v6]:port or an absolute path. */
bool database_address_parse(const char *text, struct database_address *address) MUST_CHECK;

/*
 * A comma-separated list of those into ADDRESSES, at most MOST_DATABASES. False, with each
 * that cannot be read and the reason in PROBLEM.
 */
bool database_addresses_parse(const char *list, struct database_address *addresses, size_t *count,
			      struct text *problem) MUST_CHECK;

#endif
