/*
 * connection -- the connections of one server: how many there are, how long each may
 * take, and what the library says to them without asking us.
 *
 * Loop thread only. The library's own time-out starts anew with each byte, so a byte now
 * and then would hold a connection for ever. Here a request must be complete, and a
 * reply be taken, within one deadline each.
 *
 *	reading    from the accept, or the end of the last reply, to a complete request
 *	handling   until the reply; the connection must not be freed meanwhile
 *	writing    until the reply is with the kernel
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

/* Who hears of each connection, as soon as it is accepted, and when it is closed. */
struct connection_watch {
	void (*opened)(void *arg);
	void (*closed)(void *arg);
	void *arg;
};

/* Watch every connection that HTTP accepts from now on. WATCH is copied. */
struct connections *connections_new(struct event_base *base, struct evhttp *http,
				    const struct connection_watch *watch) MUST_CHECK;

/* After evhttp_free(), which closes what is left. */
void connections_free(struct connections *connections);

/* A request on EVCON is complete: the connection is ours to answer. */
struct connection *connection_begin(struct connections *connections,
				    struct evhttp_connection *evcon);

/* What is wrong with the bytes of its head, for people; NULL: nothing. */
const char *connection_refusal(const struct connection *connection);

/*
 * Set BYTES of memory aside for the reply, until it is with the kernel. False when the replies
 * that are not yet taken hold all that one server may: slow readers must not fill the memory.
 */
bool connection_hold(struct connection *connection, size_t bytes) MUST_CHECK;

/*
 * Answer HTTP with HEAD and with what is in its output buffer, and close the connection behind it
 * if CLOSES, else keep it. The end of HTTP, and it may be that of CONNECTION.
 */
void connection_reply(struct connection *connection, struct evhttp_request *http,
		      const struct text *head, bool closes);

size_t connections_count(const struct connections *connections);

/* How many are handling or writing. */
size_t connections_busy(const struct connections *connections);

/* Close those whose deadline has passed. */
void connections_sweep(struct connections *connections);

/* When one last began a request or ended a reply, by clock_ms(). */
uint64_t connections_last_active_ms(const struct connections *connections);
void connections_touch(struct connections *connections); /* that is now */

/* Close those that are reading. */
void connections_close_idle(struct connections *connections);

#endif
