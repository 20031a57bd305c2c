/*
 * connection -- the connections of one server: how many there are, how long each may
 * take, which errors libevent finds in them, and how they end.
 *
 * Loop thread only. libevent's own time-out begins again with each byte, so a byte now
 * and then would hold a connection for ever. Here each of these has one deadline: the wait for a
 * request, the request from its first byte to its last, and the reply until the kernel has it.
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

/* Who hears of each connection, as soon as it is accepted, and when it is closed. */
struct connection_watch {
	void (*opened)(void *arg);
	void (*closed)(void *arg);
	void *arg;
};

/*
 * Keep every connection that HTTP accepts from now on. Each may wait DEADLINE_MS. WATCH is copied.
 */
struct connections *connections_new(struct event_base *base, struct evhttp *http,
				    const struct connection_watch *watch,
				    uint64_t deadline_ms) MUST_CHECK;

/* After evhttp_free(), which closes those that are left. */
void connections_free(struct connections *connections);

/* A request on EVCON is complete: the connection is ours to answer. NOW_MS by clock_ms(). */
struct connection *connection_begin(struct connections *connections,
				    struct evhttp_connection *evcon, uint64_t now_ms);

/* What is wrong with the bytes of its head, for people; NULL: nothing. */
const char *connection_refusal(const struct connection *connection);

/*
 * Set BYTES of memory aside for the reply, until it is with the kernel. False when the replies
 * that are not yet taken hold all that one server may: slow readers must not fill the memory.
 */
bool connection_hold(struct connection *connection, size_t bytes) MUST_CHECK;

/*
 * Answer HTTP with HEAD and with its output buffer. HTTP is gone after this, and CONNECTION may be.
 */
void connection_reply(struct connection *connection, struct evhttp_request *http,
		      const struct text *head, enum connection_future future, uint64_t now_ms);

size_t connections_count(const struct connections *connections);

/* How many are owed a reply, or are sent one. */
size_t connections_busy(const struct connections *connections);

/* Close those whose deadline has passed. To be called several times a second. */
void connections_sweep(struct connections *connections);

/* When one was last accepted, began a request or ended a reply, by clock_ms(): at most a sweep too early. */
uint64_t connections_last_active_ms(const struct connections *connections);
void connections_touch(struct connections *connections); /* that is now */

/* Close those that wait for a request, or for their clients to close. */
void connections_close_idle(struct connections *connections);

#endif
