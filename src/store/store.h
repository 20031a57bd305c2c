/*
 * store -- where a sequence lives: "move the counter by n and say where it stood".
 *
 * The seam between the pool and the databases. A store is a const table of functions, in
 * the file of its name; the memory store is its specification. A session is one connection:
 * it belongs to the thread that opened it, and its functions may block, for no longer
 * than the time-outs in the settings.
 *
 * The law: a range is returned at most once, over all sessions and processes, and
 * only after the database has made it durable. Where a session cannot know that
 * an id is new it does not return it.
 */
#ifndef TICKR_STORE_STORE_H
#define TICKR_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/range.h"
#include "ticket/space.h"

enum store_result {
	STORE_OK,
	STORE_BUSY,	 /* a deadlock or a lock time-out; nothing was allocated: ask again */
	STORE_UNREADY,	 /* this server serves nobody just now: ask another one, for other bases */
	STORE_LOST,	 /* the connection is gone; what was asked may have happened */
	STORE_FAILED,	 /* the database said no */
	STORE_REFUSED,	 /* what it holds cannot be trusted, or is not for this node */
	STORE_EXHAUSTED, /* its counter is at its end */
};

/* What create() did. */
enum store_create_result {
	STORE_CREATED,	   /* the table, the pinned settings or both */
	STORE_EXISTED,	   /* all was there, and fits */
	STORE_NOT_CREATED, /* the report says why */
};

/* How the tickets table is built, where a store knows several ways. */
enum store_layout {
	STORE_LAYOUT_USUAL, /* what the store makes when it is not told */
	STORE_LAYOUT_APPEND,
	STORE_LAYOUT_COUNTER,
};

/* What create() is to make where there is no table yet. */
struct create_order {
	uint64_t newest; /* where its counter stands; 1 for a fresh start */
	enum store_layout layout;
};

/* How to reach the database. Strings are the caller's and outlive the sessions; "" is none. */
struct store_settings {
	const char *host;
	uint16_t port;
	bool is_tcp;	    /* even where the host is localhost */
	const char *socket; /* an absolute path, instead of host and port */
	const char *user;
	const char *password;
	const char *database; /* a name; a path, where the database is a file */
	const char *ssl_ca;
	const char *ssl_cert;
	const char *ssl_key;
	bool ssl_verify;
	unsigned connect_timeout_s;
	unsigned query_timeout_s;
	bool require_durable;	   /* see durable.h */
	bool is_guest;		   /* gives no ticket, and may be beside a server that does */
	struct ticket_space space; /* must be what the database has pinned */
	void *script;		   /* the memory store's, see memory.h */
	struct store_claim *claim; /* set by claim() of the store, and for its sessions only */
};

/*
 * Which bases a database gives where several masters behind one address share a sequence: those
 * with base mod INCREMENT == RESIDUE. A database that is alone gives all: 1 and 0.
 */
struct store_share {
	uint64_t increment;
	uint64_t residue;
	bool is_elastic; /* the masters come and go, and deal the residues anew each time */
};

struct store_claim;
struct store_session;

struct store {
	const char *name;

	/* How many sessions may serve tickets at once, beside one for maintenance; 0: any number. */
	unsigned most_sessions;

	/* Once in the process, before there are threads; and after the last one. */
	bool (*begin)(void) MUST_CHECK;
	void (*end)(void);
	/* Once in each thread that opens sessions; and before it ends. */
	void (*thread_begin)(void);
	void (*thread_end)(void);

	/*
	 * Before the first session of a database is opened, and after the last one is closed: set and
	 * free the claim of SETTINGS, which is what these sessions have in common. Neither fails nor
	 * blocks; what keeps other processes away is taken by the first open() that can.
	 */
	void (*claim)(struct store_settings *settings);
	void (*release)(struct store_settings *settings);

	/*
	 * Connect and look at what is there. SETTINGS are claimed. STORE_OK: *SESSION is the caller's, who
	 * gives it to close(). Else REASON says what was found and what to do.
	 */
	enum store_result (*open)(const struct store_settings *settings,
				  struct store_session **session, struct text *reason) MUST_CHECK;
	void (*close)(struct store_session *session);

	/*
	 * Reserve COUNT (1 or more) bases as one progression. After anything but STORE_OK
	 * and STORE_BUSY the session is good for close() only.
	 */
	enum store_result (*reserve)(struct store_session *session, uint32_t count,
				     struct ticket_range *bases, struct text *reason) MUST_CHECK;

	/* How many bases several small requests may want together to share one reservation. */
	uint32_t (*most_per_statement)(struct store_session *session);

	/* The newest base that was given; 1 before the first. */
	enum store_result (*newest)(struct store_session *session, uint64_t *base,
				    struct text *reason) MUST_CHECK;

	/*
	 * The share of the database behind SESSION, as the last open() or newest() found it. False
	 * when what newest() found says nothing about that share. NULL: always alone.
	 */
	bool (*share)(struct store_session *session, struct store_share *share) MUST_CHECK;

	/*
	 * The random id that create() gave the database behind SESSION: 32 hexadecimal digits, which a
	 * copy of the database has too. "" if the database has none. Valid until close(). NULL: this
	 * store never has one.
	 */
	const char *(*identity)(struct store_session *session);

	/*
	 * advances(): the number that the last note_advance() by anybody had left in the database
	 * behind SESSION when newest() was called last. note_advance() raises it, because an operator
	 * has moved the counter on purpose: by 1 at least, and to the microseconds since the epoch at
	 * least. So a number that is greater is of a later advance, in whichever copy of the database
	 * it is; 0: none yet. For a session with an identity only. Both are NULL if identity is.
	 */
	uint64_t (*advances)(struct store_session *session);
	enum store_result (*note_advance)(struct store_session *session,
					  struct text *reason) MUST_CHECK;

	/*
	 * Move the counter forward, so that every base given from now on, by anybody, is above
	 * BASE; never back: where it is past BASE nothing happens. One statement, atomic beside
	 * other servers, that needs no more rights than serving does.
	 */
	enum store_result (*advance)(struct store_session *session, uint64_t base,
				     struct text *reason) MUST_CHECK;

	/*
	 * Set the counter back in front of UNUSED, which were reserved and given to nobody, if it
	 * still stands at their end: *IS_BACK. NULL for a store where somebody else may have seen it
	 * there, and would take it for one that has gone back in time.
	 */
	enum store_result (*give_back)(struct store_session *session,
				       const struct ticket_range *unused, bool *is_back,
				       struct text *reason) MUST_CHECK;

	/*
	 * Delete at most one chunk of rows, but none of the newest KEEP ids; *ROWS is how many were
	 * deleted, *IS_MORE whether it is worth calling again at once. NULL: no rows gather.
	 */
	enum store_result (*prune)(struct store_session *session, uint64_t keep, uint64_t *rows,
				   bool *is_more, struct text *reason) MUST_CHECK;

	/* Settings of the database under which it could repeat an id, as after a crash: a line each. */
	void (*warn)(struct store_session *session, struct text *warnings);

	/*
	 * What an operator should change although no crash is needed for harm, and although a session
	 * with require_durable is not refused for it: a line each. NULL: there is never any.
	 */
	void (*advise)(struct store_session *session, struct text *advice);

	/*
	 * Create the database, its table with the first row and the pinned settings, where
	 * they are missing; never alters what it finds. A table that is found must stand at the
	 * ORDER's newest at least; its layout may be another than that of the ORDER, and the
	 * report says so. REPORT: a line for each thing found or made.
	 */
	enum store_create_result (*create)(const struct store_settings *settings,
					   const struct create_order *order,
					   struct text *report) MUST_CHECK;
};

/* What drivers.h chooses from. */
extern const struct store mysql_store;
extern const struct store sqlite_store;
extern const struct store memory_store;

#endif
