/*
 * server -- the gRPC server of one loop: it accepts connections, serves them and drains them.
 *
 * Loop thread, or before the loop runs. If tickrd is built without gRPC, missing.c has these functions.
 */
#ifndef TICKR_GRPC_SERVER_H
#define TICKR_GRPC_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/log.h"
#include "front/service.h"
#include "grpc/tls.h"
#include "loop/descriptors.h"

struct event_recorder;

struct grpc_settings {
	const char *password; /* for all methods but those of health; "": none */
	uint64_t idle_ms;     /* a connection without calls ends after it */
	uint64_t patience_ms; /* for a request to be complete, and for an answer to be read */
	const struct ticket_service *service; /* outlives the server */
	struct grpc_tls *tls; /* outlives the server; NULL: connections are in the clear */
	struct connection_limit *connections; /* of all servers that share it; NULL: no limit */
	struct log_limit *error_lines;	      /* of all servers of the process */
	struct event_recorder *recorder;      /* of the loop's events; NULL: none are recorded */
	void (*drained)(void *arg);	      /* see grpc_server_drain() */
	void *arg;
};

struct grpc_server;

/* Serve on the COUNT listening descriptors FDS, which the server takes. SETTINGS is copied. */
struct grpc_server *grpc_server_new(struct event_base *base, const struct grpc_settings *settings,
				    const int *fds, size_t count) MUST_CHECK;

/* A drain will follow. The health service says so from now on. */
void grpc_server_announce_drain(struct grpc_server *server);

/*
 * Stop listening, tell each client to open no further call, and answer the calls in flight. Then
 * settings.drained is called, once.
 */
void grpc_server_drain(struct grpc_server *server);

/* Close the connections, and free SERVER. The allocator of its service has answered all requests. */
void grpc_server_free(struct grpc_server *server); /* NULL is allowed */

#endif
