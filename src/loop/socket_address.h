/*
 * socket_address -- the address of a listening socket. Pure; any thread.
 */
#ifndef TICKR_LOOP_SOCKET_ADDRESS_H
#define TICKR_LOOP_SOCKET_ADDRESS_H

#include <sys/socket.h>

#include "base/text.h"

struct socket_address {
	struct sockaddr_storage address;
	socklen_t len;
};

/* Add ADDRESS as an operator writes it: 127.0.0.1:8080, [::1]:8080 or unix:/path. */
void socket_address_describe(const struct sockaddr_storage *address, struct text *text);

#endif
