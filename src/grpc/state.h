/*
 * state -- the struct of a server that its own files share. Loop thread.
 */
#ifndef TICKR_GRPC_STATE_H
#define TICKR_GRPC_STATE_H

#include <event2/listener.h>
#include <sys/queue.h>

#include "grpc/server.h"

#define GRPC_CHUNK 65536 /* bytes that one read or write moves */

LIST_HEAD(grpc_connections, grpc_connection);
LIST_HEAD(grpc_watchers, grpc_call);

struct grpc_server {
	struct grpc_settings settings;
	struct event_base *base;
	struct grpc_connections connections;
	struct grpc_connections dirty; /* those that have something to write */
	struct grpc_watchers watchers; /* calls of Watch, which wait for a change */
	size_t connection_count;
	uint64_t held; /* bytes of large answers that clients have not read */
	uint64_t
		buffered; /* bytes of requests that are incomplete, beyond CALL_INPUT_SIZE of each */

	struct evconnlistener **listeners;
	size_t listener_count;
	bool is_full; /* the limit of connections is reached: it does not accept */
	struct event *flush;
	struct event *tick;
	struct event *drain_step;
	bool is_drain_announced;
	bool is_draining;
	uint64_t drain_began_ms;

	/* Every connection uses these while it reads or writes, so an idle one has no buffers. */
	unsigned char input[GRPC_CHUNK];
	unsigned char output[GRPC_CHUNK];
};

/* Note that CONNECTION has something to write. It is written at the end of this round of the loop. */
struct grpc_connection;
void grpc_server_note_dirty(struct grpc_server *server, struct grpc_connection *connection);

/* A connection has closed. */
void grpc_server_note_closed(struct grpc_server *server);

#endif
