/*
 * connection_state -- the inside of a connection, for the files connection*.c alone.
 *
 *	newborn ---> reading ---> handling ---> writing ---.
 *	                ^  |          |                    |
 *	                |  |          v                    |
 *	                |  '------> ending ---> lingering  |
 *	                '----------------------------------'
 *
 * libevent owns a connection while it reads a request, and while it writes a reply that is not the
 * last. In all other states our callbacks are in the bufferevent, or none. libevent frees a connection
 * when a callback of its own tells it of an error, so it cannot free one that is handling.
 */
#ifndef TICKR_HTTP_CONNECTION_STATE_H
#define TICKR_HTTP_CONNECTION_STATE_H

#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http/chunks.h"
#include "http/connection.h"
#include "http/head.h"
#include "http/response.h"

enum connection_state {
	STATE_NEWBORN,	/* accepted in this round of the loop; libevent prepares it */
	STATE_READING,	/* libevent reads a request, or waits for one */
	STATE_HANDLING, /* the request is complete, and its reply is not there yet */
	STATE_WRITING,	/* libevent writes the reply, and then reads on */
	STATE_ENDING,	/* the last answer is written */
	STATE_LINGERING /* the last answer is with the kernel; whatever comes is discarded */
};

struct connection {
	struct connections *owner;
	struct bufferevent *bufferevent;
	struct evhttp_connection *evcon; /* NULL: newborn */
	int fd;
	enum connection_state state;
	uint64_t deadline_ms;
	size_t held;		      /* bytes for its reply */
	size_t discarded;	      /* bytes, while lingering */
	bool lingers;		      /* once it has ended */
	TAILQ_ENTRY(connection) link; /* of the list that belongs to its state */
	struct event *registration;   /* NULL: newborn */
	bool was_woken;		      /* since its request began, while nothing is read */

	/* The request that is read. */
	bool has_begun;	      /* its first byte has come */
	bool is_editing;      /* the input is changed by us */
	struct head head;     /* of its head's bytes */
	struct chunks chunks; /* of its body, if it has any */

	/* Why it cannot be read. CODE 0: it can. */
	int code;
	const char *reason; /* NULL: the usual one of CODE */
	size_t unsent;	    /* bytes of the output that precede libevent's own error */
	bool is_told;	    /* on_told() will look at it, when libevent is done with it */
	TAILQ_ENTRY(connection) told_link;
};

TAILQ_HEAD(connection_list, connection);

struct connections {
	struct event_base *base;
	struct connection_watch watch;
	struct connection_list newborn;
	struct connection_list waiting;	  /* reading, writing or ending, by deadline */
	struct connection_list lingering; /* by deadline */
	struct connection_list told;
	struct connection **by_fd; /* those adopted */
	size_t by_fd_size;
	size_t count;
	size_t busy;
	size_t held;	 /* bytes, over all connections */
	uint64_t now_ms; /* as of the last request, reply or sweep: at most a tick ago */
	uint64_t last_active_ms;
	uint64_t deadline_ms; /* how long one may wait */
	struct response_date date;
	bufferevent_data_cb library_read,
		library_write; /* libevent's callbacks for any connection */
	bufferevent_event_cb library_event;
	struct event *adopt; /* fired in the round that made a newborn */
	struct event *tell;  /* fired in the round in which a connection was told */
};

/* Into another STATE, or again into the same one: its deadline begins from the start. */
void connection_enter(struct connection *connection, enum connection_state state);

/*
 * Give as much of the output to the kernel as it takes. libevent would wait for the loop to say that
 * the socket takes bytes, which it nearly always does: a round of the loop and two system calls.
 */
void connection_write_now(struct connection *connection);

/* No callback of libevent's runs after this, until connection_give_back(). */
void connection_take_over(struct connection *connection);
void connection_give_back(struct connection *connection);

/* Watch the bytes that come in, and those that libevent wants to send. */
void connection_watch(struct connection *connection);

/* The next request begins with the bytes that are in the input already. */
void connection_read_on(struct connection *connection);

/* The event that ends connections that cannot be read. */
struct event *connection_tell_event(struct connections *connections);

/*
 * The output holds the last answer. Write it, and close the connection after it. It lingers first if LINGERS,
 * or if unread bytes are in the input. It may be gone when this returns.
 */
void connection_end(struct connection *connection, bool lingers);

/* The memory set aside for its reply is free again. */
void connection_release(struct connection *connection);

#endif
