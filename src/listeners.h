/*
 * listeners -- opens the sockets that tickrd listens on: of HTTP, of gRPC, and of the operator.
 *
 * All run in the main thread, except listeners_remove_paths().
 */
#ifndef TICKR_LISTENERS_H
#define TICKR_LISTENERS_H

#include <stdbool.h>

#include "base/attributes.h"
#include "config/config.h"
#include "grpc/tls.h"
#include "loop/sockets.h"

struct listeners {
	struct sockets http;
	struct sockets grpc;
	struct sockets control;
	struct grpc_tls *tls; /* of gRPC; NULL: it is in the clear, or there is none */
};

/*
 * Open all sockets of CONFIG. False: the log says why. Call listeners_close() in either case.
 */
bool listeners_open(struct listeners *listeners, const struct config *config) MUST_CHECK;

/* Write the addresses to the log. */
void listeners_announce(const struct listeners *listeners);

/* Return the first port on which the server listens for HTTP; 0: only on Unix sockets. */
unsigned listeners_port(const struct listeners *listeners) MUST_CHECK;

/* Let no further client connect. Call it before the owners of the descriptors close them. */
void listeners_stop(struct listeners *listeners);

/* Remove the paths of our own Unix sockets. Later calls do nothing. Any thread. */
void listeners_remove_paths(struct listeners *listeners);

/* Remove the paths, close the descriptors that have no new owner, and free the certificate. */
void listeners_close(struct listeners *listeners);

#endif
