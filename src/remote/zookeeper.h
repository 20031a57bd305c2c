/*
 * zookeeper -- a client of ZooKeeper: one session, and calls that block until their deadline at most.
 *
 * The client library reconnects to the servers of its list by itself, and the session lives on while that takes less
 * than its time-out. A session that has expired never comes back: close the client and open another one.
 *
 * A client belongs to one thread, which also closes it. zookeeper_wake() may be called by any thread. The library has
 * two threads of its own for each client.
 *
 * Debian's library speaks no TLS, so run ZooKeeper in a private network, or use stunnel.
 */
#ifndef TICKR_REMOTE_ZOOKEEPER_H
#define TICKR_REMOTE_ZOOKEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

#define ZOOKEEPER_REASON_SIZE	  512
#define ZOOKEEPER_MOST_OPERATIONS 256 /* of one transaction */
#define ZOOKEEPER_ANY_VERSION	  (-1)

struct zookeeper_settings {
	const char *
		hosts; /* "host:port,host:port", with "/folder" at the end: all paths are below it */
	uint64_t session_ms; /* the time-out that is asked for; the server has limits of its own */
	const char *
		digest; /* "user:password": nodes that are made belong to this user; NULL: anybody */
};

enum zookeeper_result {
	ZOOKEEPER_OK,
	ZOOKEEPER_REFUSED, /* the server rejected the request, which did not happen: see the code */
	ZOOKEEPER_AWAY,	   /* no server is connected, and nothing was sent */
	ZOOKEEPER_UNKNOWN, /* no answer: it may have happened, or still will */
	ZOOKEEPER_EXPIRED, /* the session is over; the request may have happened before */
};

/* The codes of ZOOKEEPER_REFUSED that callers tell apart. */
enum zookeeper_code {
	ZOOKEEPER_NO_NODE = -101,
	ZOOKEEPER_NO_RIGHT = -102,
	ZOOKEEPER_BAD_VERSION = -103,
	ZOOKEEPER_EXISTS = -110,
	ZOOKEEPER_NOT_EMPTY = -111,
};

struct zookeeper_node {
	char *value; /* VALUE_LEN bytes and a NUL */
	size_t value_len;
	int32_t version;
	uint64_t mzxid;	   /* of the write: ZooKeeper's clock, which rises with each transaction */
	uint64_t mtime_ms; /* of the write, by the clock of the leader, ms since 1970 */
	uint64_t owner;	   /* the session of an ephemeral node; 0: persistent */
};

struct zookeeper;

/*
 * Open a session, and wait for it until DEADLINE_MS of clock_ms(). ZOOKEEPER_OK: the caller owns *CLIENT. A wrong
 * password is not noticed here: nodes then refuse with ZOOKEEPER_NO_RIGHT.
 */
enum zookeeper_result zookeeper_open(const struct zookeeper_settings *settings,
				     uint64_t deadline_ms, struct zookeeper **client,
				     struct text *reason) MUST_CHECK;

/* End the session, which deletes its ephemeral nodes, and free CLIENT. It waits 3 seconds at most. */
void zookeeper_end(struct zookeeper *client);

/* The id of the session; and whether it is over. */
uint64_t zookeeper_session(const struct zookeeper *client);
bool zookeeper_is_expired(struct zookeeper *client);
/* Whether a server is connected now. */
bool zookeeper_is_connected(struct zookeeper *client);

/* --- calls -------------------------------------------------------------------------------------- */

/*
 * A call sets *CODE to the code of ZOOKEEPER_REFUSED. CODE may be NULL. If IS_WATCHED, the next change
 * ends zookeeper_wait(). A node that does not exist can be watched too.
 */

/* Read the node PATH. ZOOKEEPER_OK: the caller frees NODE->value. */
enum zookeeper_result zookeeper_get(struct zookeeper *client, const char *path, bool is_watched,
				    uint64_t deadline_ms, struct zookeeper_node *node, int *code,
				    struct text *reason) MUST_CHECK;

/*
 * Bring the connected server up to date with the leader. A read that follows sees all that was answered before, at
 * whichever server.
 */
enum zookeeper_result zookeeper_sync(struct zookeeper *client, uint64_t deadline_ms,
				     struct text *reason) MUST_CHECK;

struct zookeeper_names {
	char **names; /* without the path */
	size_t count;
};

/* Read the names of the nodes below PATH. ZOOKEEPER_OK: the caller calls zookeeper_names_free(). */
enum zookeeper_result zookeeper_children(struct zookeeper *client, const char *path,
					 bool is_watched, uint64_t deadline_ms,
					 struct zookeeper_names *names, int *code,
					 struct text *reason) MUST_CHECK;
void zookeeper_names_free(struct zookeeper_names *names);

enum zookeeper_kind {
	ZOOKEEPER_CREATE,	    /* a persistent node */
	ZOOKEEPER_CREATE_EPHEMERAL, /* a node that ends with the session */
	ZOOKEEPER_SET,		    /* if its version is VERSION */
	ZOOKEEPER_DELETE,	    /* if its version is VERSION */
	ZOOKEEPER_CHECK,	    /* that its version is VERSION */
};

struct zookeeper_operation {
	enum zookeeper_kind kind;
	const char *path;
	const char *value; /* of creations and ZOOKEEPER_SET */
	size_t value_len;
	int32_t version;

	/* After the call: */
	int code; /* 0: carried out; of a refused transaction: the refusal of this operation, or another number */
	struct zookeeper_node node; /* after ZOOKEEPER_SET, without its value */
};

/* Run the COUNT operations in one step, or none of them. */
enum zookeeper_result zookeeper_run(struct zookeeper *client,
				    struct zookeeper_operation *operations, size_t count,
				    uint64_t deadline_ms, int *code,
				    struct text *reason) MUST_CHECK;

/* Make the persistent node PATH and those above it, empty, unless they exist. */
enum zookeeper_result zookeeper_make_folder(struct zookeeper *client, const char *path,
					    uint64_t deadline_ms, struct text *reason) MUST_CHECK;

/*
 * Wait until a watched node changed, the connection or the session changed, zookeeper_wake() was called, or it is
 * UNTIL_MS of clock_ms(). Each of these ends one wait, also one that begins later.
 */
void zookeeper_wait(struct zookeeper *client, uint64_t until_ms);

/* Any thread: end the present or next zookeeper_wait(). */
void zookeeper_wake(struct zookeeper *client);

#endif
