/*
 * sockets -- opens listening sockets, or inherits them from the service manager.
 *
 * Main thread, before the loops run. Every loop gets a descriptor of its own for each address. With TCP
 * each loop has its own socket on the same port, and the kernel spreads the connections over them.
 * Otherwise the descriptors are duplicates of one socket.
 */
#ifndef TICKR_LOOP_SOCKETS_H
#define TICKR_LOOP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "loop/socket_address.h"
#include "loop/unix_path.h"

#define MOST_SOCKET_ADDRESSES 16

struct sockets {
	int *fds; /* loops * addresses, those of loop 0 first */
	size_t loops;
	size_t addresses;
	struct socket_address
		bound[MOST_SOCKET_ADDRESSES];	       /* with the ports that the kernel chose */
	struct unix_path paths[MOST_SOCKET_ADDRESSES]; /* of our own Unix sockets */
	bool are_inherited;
	bool are_given_away;
};

/*
 * Listen on COUNT ADDRESSES, at most MOST_SOCKET_ADDRESSES, for LOOPS loops. If the environment names
 * inherited sockets, listen on those instead. Return false with the reason in PROBLEM. Call
 * sockets_close() in either case.
 */
bool sockets_open(struct sockets *sockets, size_t loops, const struct socket_address *addresses,
		  size_t count, struct text *problem) MUST_CHECK;

/* Return the descriptors of LOOP, one for each address. Their new owner closes them. */
const int *sockets_of_loop(const struct sockets *sockets, size_t loop);
void sockets_give_away(struct sockets *sockets); /* all descriptors have new owners */

/*
 * Let no further client connect. Call it before the owners close the descriptors, so that they can still
 * accept each connection that the kernel has made. Inherited sockets stay open: the service manager
 * keeps them for the next server.
 */
void sockets_stop(struct sockets *sockets);

/* Remove the paths of our own Unix sockets. Later calls do nothing. Any thread. */
void sockets_remove_paths(struct sockets *sockets);

/* Remove the paths. Close the descriptors, unless sockets_give_away() was called. */
void sockets_close(struct sockets *sockets);

#endif
