/*
 * store -- the seam to the databases: a store keeps a counter, and moves it forward on request.
 *
 * A store is a const table of functions. memory.c is the smallest store, and the example for the next one.
 *
 * Three laws hold for each store:
 *
 *	1. It returns each base at most once, over all sessions, processes and machines.
 *	2. It returns a range only after the database has made it durable.
 *	3. If a session cannot know that a base is new, it does not return that base.
 *
 * A base that was reserved and not returned becomes a gap. Gaps are fine.
 *
 * The order of the calls:
 *
 *	parse, begin				once in the process, in the main thread, before it starts others
 *	    thread_begin			in each other thread, before it uses a session
 *	        claim				once for the sessions of a database, before the first one
 *	            open .. close		a session
 *	        release				after the last of these sessions is closed
 *	    thread_end				in the same thread, at its end
 *	end, forget				once, in the main thread, after the others have ended
 *
 * The threads of a pool share one claim, which the main thread makes and releases.
 *
 * A session is one connection to one database. It belongs to the thread that opened it. Its functions may
 * block, but no longer than the time-outs in struct store_settings allow.
 *
 * A function that returns another result than STORE_OK adds to REASON. A reason names the fault, the value and
 * the remedy. It begins in lower case, ends without a full stop, and never holds a password. Warnings, advice
 * and reports are lines of the same style, each with its newline.
 */
#ifndef TICKR_STORE_STORE_H
#define TICKR_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/range.h"
#include "ticket/space.h"

/*
 * How a call ended. The pool decides by it whether to retry, to open a new session, or to stop issuing. With
 * any result other than STORE_OK no base is returned; bases that the database may have reserved are a gap.
 */
enum store_result {
	STORE_OK,
	STORE_BUSY,	 /* a deadlock or a lock time-out: retry in this session */
	STORE_UNREADY,	 /* this server serves no client now: try another server */
	STORE_LOST,	 /* the connection is gone; its last statement may have committed */
	STORE_FAILED,	 /* the database reported an error */
	STORE_REFUSED,	 /* the contents cannot be trusted, or belong to another node */
	STORE_EXHAUSTED, /* the counter is at its end */
	STORE_TOO_LARGE, /* the statement exceeds a limit of the database, which did not run it */
};

enum store_create_result {
	STORE_CREATED,	   /* create() made at least one part */
	STORE_EXISTED,	   /* all parts existed, and fit */
	STORE_NOT_CREATED, /* the report says why */
};

/* The layout of the tickets table, for a store that has several. */
enum store_layout {
	STORE_LAYOUT_USUAL, /* the default of the store */
	STORE_LAYOUT_APPEND,
	STORE_LAYOUT_COUNTER,
};

/* The table that create() makes if there is none. */
struct create_order {
	uint64_t newest; /* its counter counts on from here; 1 for a new sequence */
	enum store_layout layout;
};

/*
 * The settings of one database. They are read only while it has sessions. A copy of this struct shares NAME
 * and OWN, so it must not outlive forget() of the original.
 */
struct store_settings {
	const char *name; /* of the database, for the log */
	unsigned connect_timeout_s;
	unsigned query_timeout_s;
	bool require_durable; /* durable.h refuses a database that warn() warns of */
	bool is_guest;	      /* a command: it reserves nothing, and may run next to a server */
	struct ticket_space space; /* the database must be pinned to the same space */
	void *own;		   /* settings that this store alone has, made by its parse() */
	struct store_claim *claim; /* made by claim() of the store, for its sessions alone */
};

/* The operator's settings, for parse(). Valid during that call. */
struct store_given {
	/* Return the value of VARIABLE for database number DATABASE, or its default. Owned by the caller. */
	const char *(*text)(const struct store_given *given, const char *variable, size_t database);
	bool (*is_set)(const struct store_given *given, const char *variable);
	/* Report that the value of VARIABLE is not allowed. WORDS may add the reason; NULL adds none. */
	void (*refuse)(const struct store_given *given, const char *variable, const char *words);
	struct text *problems; /* a line for each other mistake */
};

/*
 * Several masters may share a sequence: each allocates the bases with base mod INCREMENT == RESIDUE. A
 * master that is alone allocates all bases: INCREMENT 1, RESIDUE 0.
 */
struct store_share {
	uint64_t increment;
	uint64_t residue;
	bool is_elastic; /* masters join and leave, and deal out the residues again each time */
};

struct store_claim;
struct store_session;

/* A function that may be NULL says so, and says what the caller assumes then. */
struct store {
	const char *name;

	/* --- settings: main thread --------------------------------------------------------------- */

	/*
	 * The STORE_KEY variables of config/keys.h that parse() reads, ended by NULL. If any other is set,
	 * tickrd refuses to start. A store that reads TICKR_DATABASE_HOST may have several databases.
	 */
	const char *const *variables;

	/*
	 * Set NAME and OWN of COUNT databases, whose other settings are set already. Report every mistake
	 * to GIVEN. The caller calls forget() for each database, also after a mistake.
	 */
	void (*parse)(const struct store_given *given, struct store_settings *databases,
		      size_t count);
	/* Free NAME and OWN. */
	void (*forget)(struct store_settings *database);

	/* The number of sessions that may reserve at the same time; 0: any. Maintenance has one more. */
	unsigned most_sessions;

	/* --- life -------------------------------------------------------------------------------- */

	/* Set up the client library; false: it does not work. Undone by end(). */
	bool (*begin)(void) MUST_CHECK;
	void (*end)(void);
	void (*thread_begin)(void);
	void (*thread_end)(void);

	/*
	 * Make and free the claim of SETTINGS: the state that the sessions of one database share. Neither
	 * function fails or blocks. A lock that keeps other processes away is taken by the first open()
	 * that can take it, and released by release().
	 */
	void (*claim)(struct store_settings *settings);
	void (*release)(struct store_settings *settings);

	/*
	 * Connect, and check that the database fits SETTINGS, which are claimed. STORE_OK: the caller owns
	 * *SESSION until close().
	 */
	enum store_result (*open)(const struct store_settings *settings,
				  struct store_session **session, struct text *reason) MUST_CHECK;
	void (*close)(struct store_session *session);

	/* --- the counter ------------------------------------------------------------------------- */

	/*
	 * Reserve COUNT bases, at least 1, as one progression. After a result other than STORE_OK and
	 * STORE_BUSY the session may only be closed.
	 */
	enum store_result (*reserve)(struct store_session *session, uint32_t count,
				     struct ticket_range *bases, struct text *reason) MUST_CHECK;

	/* Return how many bases the pool may gather from small requests into one reservation. */
	uint32_t (*most_per_statement)(struct store_session *session);

	/*
	 * Return whether COUNT bases fit into one reservation; if not, REASON names the limit of the
	 * database. Sends no statement. NULL: any count fits.
	 */
	bool (*fits)(const struct store_session *session, uint32_t count,
		     struct text *reason) MUST_CHECK;

	/* Read the newest base that was reserved; 1 before the first one. Reserves nothing. */
	enum store_result (*newest)(struct store_session *session, uint64_t *base,
				    struct text *reason) MUST_CHECK;

	/*
	 * Set *SHARE to the share of this session's server, as open() or newest() saw it last. Return false
	 * if the last newest() may have read another master's base. NULL: each server is alone.
	 */
	bool (*share)(struct store_session *session, struct store_share *share) MUST_CHECK;

	/*
	 * Move the counter forward, so that all sessions reserve only bases above BASE from now on. A
	 * counter that is past BASE stays. One statement, atomic while other servers reserve. It needs no
	 * more rights than serving does.
	 */
	enum store_result (*advance)(struct store_session *session, uint64_t base,
				     struct text *reason) MUST_CHECK;

	/*
	 * Return UNUSED to the database: its bases were reserved last, and never issued. If the counter is
	 * still at their end, set it to the base before them, and *IS_BACK to true. NULL: another server
	 * may have read the counter, and would see it go back in time, so UNUSED becomes a gap.
	 */
	enum store_result (*give_back)(struct store_session *session,
				       const struct ticket_range *unused, bool *is_back,
				       struct text *reason) MUST_CHECK;

	/* --- the history of the database --------------------------------------------------------- */

	/*
	 * Return the random id that create() has written into the database: 32 hexadecimal digits. A copy
	 * of the database has the same one. Return "" if there is none. Valid until close(). NULL: this
	 * store has no identities, and then advances() and note_advance() are NULL too.
	 */
	const char *(*identity)(struct store_session *session);

	/*
	 * An operator's `advance` leaves a number in the database. note_advance() raises it by at least 1,
	 * and at least to the microseconds since the epoch. So of two copies the one with the greater
	 * number has seen a later `advance`. advances() returns the number that newest() read last; 0: no
	 * `advance` yet. Both are only for a session whose database has an identity.
	 */
	uint64_t (*advances)(struct store_session *session);
	enum store_result (*note_advance)(struct store_session *session,
					  struct text *reason) MUST_CHECK;

	/* --- maintenance ------------------------------------------------------------------------- */

	/*
	 * Delete one chunk of old rows, but none of the newest KEEP ids. Set *ROWS to the number of deleted
	 * rows, and *IS_MORE if there is another chunk. NULL: reservations leave no rows.
	 */
	enum store_result (*prune)(struct store_session *session, uint64_t keep, uint64_t *rows,
				   bool *is_more, struct text *reason) MUST_CHECK;

	/* Add a line to WARNINGS for each setting of the database that allows it to repeat an id. */
	void (*warn)(struct store_session *session, struct text *warnings);

	/*
	 * Add a line to ADVICE for each other danger that an operator should remove. require_durable does
	 * not refuse a database for these. NULL: there is no advice.
	 */
	void (*advise)(struct store_session *session, struct text *advice);

	/*
	 * Make the database, its table with the first row, the pinned settings and the identity, each if it
	 * is missing. Never alter a part that exists. A table that exists must count from the NEWEST of
	 * ORDER or above; if its layout is another than that of ORDER, the report says so. REPORT gets a
	 * line for each part. Main thread, with SETTINGS not claimed.
	 */
	enum store_create_result (*create)(const struct store_settings *settings,
					   const struct create_order *order,
					   struct text *report) MUST_CHECK;
};

#endif
