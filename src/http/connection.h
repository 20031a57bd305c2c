/*
 * connection -- the connections of one server: their number, deadlines, errors and ends.
 *
 * Loop thread only. libevent's time-out begins again with each byte. So a client that sends a byte now
 * and then would hold a connection for ever. Here each of three waits has one deadline instead:
 *
 *	the wait for a request
 *	the request, from its first byte to its last
 *	the reply, until the kernel has it
 */
#ifndef TICKR_HTTP_CONNECTION_H
#define TICKR_HTTP_CONNECTION_H

#include <event2/http.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

struct connections;
struct connection;

enum connection_future {
	CONNECTION_STAYS,
	CONNECTION_CLOSES, /* the client has asked for it, and sends nothing more */
	CONNECTION_LINGERS /* the server ends it: the client may still be sending */
};

/* Functions of the server, which connections call. */
struct connection_watch {
	void (*opened)(void *arg); /* as soon as a connection is accepted */
	void (*closed)(void *arg);
	/* A request that libevent cannot read, or must not see, is answered with CODE. */
	void (*refused)(void *arg, int code, const char *reason);
	void *arg;
};

/* Keep all connections that HTTP accepts from now on. Each may wait DEADLINE_MS. WATCH is copied. */
struct connections *connections_new(struct event_base *base, struct evhttp *http,
				    const struct connection_watch *watch,
				    uint64_t deadline_ms) MUST_CHECK;

/* After evhttp_free(), which closes all open connections. */
void connections_free(struct connections *connections);

/* Return the connection of EVCON, on which a request is complete. NOW_MS by clock_ms(). */
struct connection *connection_begin(struct connections *connections,
				    struct evhttp_connection *evcon, uint64_t now_ms);

/* Return a message about the fault in the bytes of the request's head; NULL: none. */
const char *connection_input_refusal(const struct connection *connection);

/* Return its descriptor, which stays the connection's. */
int connection_fd(const struct connection *connection);

/*
 * Set BYTES of memory aside for the reply, until the kernel has it. Return false if the replies that
 * clients have not taken hold all memory that one server may use: slow readers must not fill the memory.
 */
bool connection_hold(struct connection *connection, size_t bytes) MUST_CHECK;

/*
 * Answer HTTP with HEAD and its output buffer. HTTP is gone after this, and CONNECTION may be.
 */
void connection_reply(struct connection *connection, struct evhttp_request *http,
		      const struct text *head, enum connection_future future, uint64_t now_ms);

size_t connections_count(const struct connections *connections);

/* Return how many connections wait for a reply, or are being sent one. */
size_t connections_busy(const struct connections *connections);

/* Close the connections that are past their deadline. Call it several times a second. */
void connections_sweep(struct connections *connections);

/* Return when a connection last was accepted, began a request or ended a reply, at most a sweep too early. */
uint64_t connections_last_active_ms(const struct connections *connections);
void connections_touch(struct connections *connections); /* set that time to now */

/* Close the connections that wait for a request, or that linger. */
void connections_close_idle(struct connections *connections);

#endif
