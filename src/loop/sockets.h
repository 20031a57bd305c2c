/*
 * sockets -- opens what the server listens on, or inherits it from the service manager.
 *
 * Main thread, before the loops run. Every loop gets a descriptor of its own for each
 * address: over TCP sockets of their own on the same port, between which the kernel
 * spreads connections; else duplicates of one socket.
 */
#ifndef TICKR_LOOP_SOCKETS_H
#define TICKR_LOOP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "config/address.h"
#include "loop/unix_path.h"

struct sockets {
	int *fds; /* loops * addresses: first those of loop 0 */
	size_t loops;
	size_t addresses;
	struct listen_address bound[MOST_LISTEN_ADDRESSES]; /* with the ports the kernel chose */
	struct unix_path paths[MOST_LISTEN_ADDRESSES];	    /* of the Unix sockets that we made */
	bool are_inherited;
	bool are_given_away;
};

/*
 * Listen on COUNT ADDRESSES for LOOPS loops; or, where the environment says that sockets were
 * inherited, on those. False with the reason in PROBLEM. sockets_close() is due either way.
 */
bool sockets_open(struct sockets *sockets, size_t loops, const struct listen_address *addresses,
		  size_t count, struct text *problem) MUST_CHECK;

/* The descriptors of one loop, one for each address; whoever takes them closes them. */
const int *sockets_of_loop(const struct sockets *sockets, size_t loop);
void sockets_give_away(struct sockets *sockets); /* all of them have been taken */

/*
 * Before those who took the descriptors close them: let nobody connect any more, so that every
 * connection the kernel has made can still be accepted. Inherited sockets are left alone:
 * the service manager holds them open for the next server.
 */
void sockets_stop(struct sockets *sockets);

/* Remove the paths of the Unix sockets that we made, once. Any thread. */
void sockets_remove_paths(struct sockets *sockets);

/* Close what was not given away, after sockets_remove_paths(). */
void sockets_close(struct sockets *sockets);

#endif
