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
 * last. In all other states the bufferevent has our callbacks, or none. libevent frees a connection in its
 * own callbacks only. So it cannot free a connection that is handling, to which an exchange points.
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
#include "http/tricks.h"

enum connection_state {
	STATE_NEWBORN,	/* accepted in this round of the loop; libevent prepares it */
	STATE_READING,	/* libevent reads a request, or waits for one */
	STATE_HANDLING, /* the request is complete, and has no reply yet */
	STATE_WRITING,	/* libevent writes the reply, and then reads the next request */
	STATE_ENDING,	/* we write the last answer */
	STATE_LINGERING /* the kernel has the last answer; we discard further bytes */
};

struct connection {
	struct connections *owner;
	struct bufferevent *bufferevent;
	struct evhttp_connection *evcon; /* NULL: newborn */
	int fd;
	enum connection_state state;
	uint64_t deadline_ms;
	size_t held;		       /* bytes of memory for its reply */
	size_t discarded;	       /* bytes, while lingering */
	bool lingers;		       /* after the last answer */
	TAILQ_ENTRY(connection) link;  /* in the list of its state */
	struct tricks_reading reading; /* zeroed: newborn */

	/* The request that is being read. */
	bool has_begun;	      /* its first byte has arrived */
	bool is_editing;      /* we are changing the input */
	struct head head;     /* its head, as far as read */
	struct chunks chunks; /* its chunked body, as far as read */

	/* Why it cannot be read. CODE 0: it can. */
	int code;
	const char *reason; /* NULL: the usual one of CODE */
	size_t unsent;	    /* bytes of the output that precede libevent's own error */
	bool is_noted;	    /* in the list of connections with a note */
	TAILQ_ENTRY(connection) noted_link;
};

TAILQ_HEAD(connection_list, connection);

struct connections {
	struct event_base *base;
	struct connection_watch watch;
	struct connection_list newborn;
	struct connection_list waiting;	  /* reading, writing or ending, by deadline */
	struct connection_list lingering; /* by deadline */
	struct connection_list noted;	  /* see connection_input.c */
	struct connection **by_fd;	  /* the adopted ones */
	size_t by_fd_size;
	size_t count;
	size_t busy;
	size_t held;	 /* bytes, over all connections */
	uint64_t now_ms; /* as of the last request, reply or sweep: at most a tick ago */
	uint64_t last_active_ms;
	uint64_t deadline_ms; /* how long each may wait */
	struct response_date date;
	struct tricks_callbacks callbacks; /* of libevent */
	struct event *adopt;		   /* activated in the round that made a newborn */
	struct event *act;		   /* activated in the round that made a note */
};

/* Enter STATE, which may be the present one. The deadline begins again. */
void connection_enter(struct connection *connection, enum connection_state state);

/* Watch the bytes that arrive, and those that libevent sends. */
void connection_input_watch(struct connection *connection);

/* Begin the next request with the bytes that are in the input already. */
void connection_input_next(struct connection *connection);

/* Return the event that acts on notes. */
struct event *connection_input_event(struct connections *connections) MUST_CHECK;

/*
 * The output holds the last answer. Write it, and close the connection after it. The connection lingers
 * first if LINGERS, or if unread bytes are in the input. It may be gone after this.
 */
void connection_end(struct connection *connection, bool lingers);

/* Free the memory that connection_hold() set aside. */
void connection_release(struct connection *connection);

#endif
