/*
 * connection -- one HTTP/2 connection: nghttp2 between a socket and the calls. Loop thread.
 *
 *	socket --> input of the server --> nghttp2 --> call.c --> a handler
 *	socket <-- output of the server <-- nghttp2 <-- call.c <----'
 *
 * Nothing of a connection is written before the loop has handled all that it has read. So answers to many calls
 * leave in one write. While a client does not read, the server does not read from it either. So its answers take no
 * more memory than one chunk and the messages of its calls.
 */
#ifndef TICKR_GRPC_CONNECTION_H
#define TICKR_GRPC_CONNECTION_H

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include "grpc/flood.h"
#include "grpc/state.h"

struct grpc_call;
LIST_HEAD(grpc_calls, grpc_call);

enum connection_phase {
	CONNECTION_OPEN,
	CONNECTION_ENDING, /* the server has announced the end to the client */
	CONNECTION_OVER,   /* it closes when all is written */
};

struct grpc_connection {
	LIST_ENTRY(grpc_connection) link;
	LIST_ENTRY(grpc_connection) dirty_link;
	struct grpc_server *server;
	nghttp2_session *session;
	struct grpc_secured *secured; /* NULL: in the clear */
	int fd;
	struct sockaddr_storage peer; /* for records; see recording.c */
	bool has_peer;
	struct event *readable, *writable;
	enum connection_phase phase;
	bool is_dirty;

	struct grpc_calls calls; /* of open streams */
	uint32_t
		call_count; /* also those that were abandoned, and that a source has not answered */
	struct grpc_flood flood;
	uint64_t
		active_ms; /* when a call last began or ended; at first, when the connection opened */

	unsigned char *left; /* bytes that the socket did not take */
	size_t left_start, left_len;
	uint64_t stuck_ms; /* when the socket last took bytes, while some are left */
};

/* Serve FD, which the connection takes. */
void grpc_connection_open(struct grpc_server *server, int fd);

/* Write what there is. It may free the connection. */
void grpc_connection_flush(struct grpc_connection *connection);

/* End calls that take too long to arrive or to be read, and close the connection if it is idle. */
void grpc_connection_sweep(struct grpc_connection *connection, uint64_t now_ms);

/*
 * The first time, announce the end to the client. The second time, refuse further calls, and close the connection
 * after those that it has opened. It may free the connection.
 */
void grpc_connection_end(struct grpc_connection *connection);

void grpc_connection_free(struct grpc_connection *connection);

#endif
