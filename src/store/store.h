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
#include "base/random.h"
#include "base/text.h"
#include "ticket/range.h"
#include "ticket/sequence.h"
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

	/*
	 * Add the table of named sequences to a database that is there, and change nothing else of it. A new
	 * database has the table anyway, if it can have one.
	 */
	bool with_sequences;
};

struct store_type; /* types.h */

/*
 * The settings of one database. They are read only while it has sessions. A copy of this struct shares NAME
 * and OWN, so it must not outlive forget() of the original.
 */
struct store_settings {
	const char *name; /* of the database, for the log */
	unsigned connect_timeout_s;
	unsigned query_timeout_s;
	bool require_durable;  /* durable.h refuses a database that warn() warns of */
	bool is_guest;	       /* a command: it reserves nothing, and may run next to a server */
	const char *sequencer; /* of TICKR_SEQUENCERS_FILE: the store; NULL: an own database */
	const struct store_type *type; /* of that store */
	struct ticket_space space;     /* the database must be pinned to the same space */
	void *own;		       /* settings that this store alone has, made by its parse() */
	struct store_claim *claim;     /* made by claim() of the store, for its sessions alone */
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

/* --- named sequences ---------------------------------------------------------------------------- */

#define STORE_MOST_MOVES 256 /* sequences of one statement */

/* One sequence of a statement. A sequence stands in it once: the caller adds up. */
struct store_move {
	struct sequence *sequence; /* the caller's own; a store reads NAME only */
	const char *name;
	uint8_t name_len; /* 1 or more */
	uint32_t count;	  /* numbers wanted, 1 or more */

	/* After STORE_OK: */
	uint64_t
		newest; /* the numbers are (newest - count, newest]; the caller compares it with MOST */
	uint64_t most; /* the last number that may be issued, by the row */
	uint32_t
		revision; /* of the policy, by the row: abandon the numbers if another one was expected */
	bool is_retired; /* abandon the numbers */
	/* Another program has moved the sequence, or it can be lost: abandon the numbers. See docs/stores.md. */
	bool is_strange;
};

/*
 * The row that one server instance has in the database. Each statement of the instance adds 1 to COUNT in its
 * own transaction, so an older copy of the database shows a smaller COUNT.
 */
struct store_instance {
	char id[RANDOM_ID_SIZE];
	uint64_t
		count; /* 0: the database has no such row, or it was made because the copy had none */
	uint64_t seen; /* where the clock stood, or later, when the row was written */
};

/* The numbers that a statement reserves. Stores of the Tickr sequence use COUNT alone. */
struct store_order {
	uint32_t count; /* with moves: their sum. 0 without moves only writes the instance's row */
	struct store_move *moves; /* the store sorts them by name; NULL: the Tickr sequence */
	size_t moves_count;	  /* at most STORE_MOST_MOVES */

	/*
	 * KNOWN has the highest count of an answered statement when this one began, and the clock as it was
	 * known then. FOUND is the row afterwards. A FOUND count that is not above KNOWN's: this is an older
	 * copy. Its row is left as it was then, whoever asks, so FOUND->seen tells how old the copy is.
	 * Both are NULL for a guest.
	 */
	const struct store_instance *known;
	struct store_instance *found;
};

/* The order of COUNT bases of the Tickr sequence. */
#define STORE_COUNT(bases_wanted) (&(const struct store_order){.count = (bases_wanted)})

/* The result of declare(). */
enum store_declared {
	STORE_DECLARED_MADE,
	STORE_DECLARED_SAME,	/* the sequence is there with this policy */
	STORE_DECLARED_CHANGED, /* order, most or width are others now, and the revision is higher */
	STORE_DECLARED_DIFFERS, /* nothing was changed; the reason says why */
};

/* One sequence, as list() and show() read it. */
struct store_listed {
	const char *name; /* valid during the call */
	uint8_t name_len;
	uint64_t last; /* the newest number; below policy.start: none was reserved yet */
	struct sequence_policy policy;
};
typedef void store_listed_fn(void *arg, const struct store_listed *listed);

struct store_claim;
struct store_session;

/* A function that may be NULL says so, and says what the caller assumes then. */
struct store {
	const char *name;

	/* --- settings: main thread --------------------------------------------------------------- */

	/*
	 * The store of the named sequences in the same database: sessions, a counter and trust of its own. Its
	 * counter is the clock: a number that rises in the same transaction as the sequences of a statement, by
	 * the sum of their counts. So no sequence rises faster than the clock. NULL: it has none.
	 */
	const struct store *sequences;

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

	/*
	 * Only one process serves from a database. It carries out the commands on named sequences of others, which
	 * ask it over its control socket.
	 */
	bool is_exclusive;

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
	 * Reserve ORDER's count of bases, at least 1, as one progression. After a result other than STORE_OK and
	 * STORE_BUSY the session may only be closed.
	 *
	 * A store of named sequences moves all sequences of ORDER and the clock in one transaction. BASES is then
	 * the clock's range, which is empty if ORDER's count is 0. A sequence that has no row begins at 1, or above
	 * all that was raised. A number beyond the row's MOST is no failure of the statement.
	 */
	enum store_result (*reserve)(struct store_session *session, const struct store_order *order,
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
	 * Read the newest base where statements write, as a locking read: a proxy may send newest() to a
	 * replica that lags. NULL: a reservation of one base shows it.
	 */
	enum store_result (*confirm)(struct store_session *session, uint64_t *base,
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
	 * number has seen a later `advance`. The clock of the database may have been set back since then. So
	 * the number also rises to LEAST, for which a refused server waits.
	 *
	 * advances() returns the number that newest() read last; 0: no `advance` yet. Both are only for a session
	 * whose database has an identity.
	 */
	uint64_t (*advances)(struct store_session *session);
	enum store_result (*note_advance)(struct store_session *session, uint64_t least,
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

	/* --- named sequences only ------------------------------------------------------------------- */

	/*
	 * For these stores newest() reads the clock, and BASE is a value of the clock. A call of advance()
	 * raises: it adds the distance from the clock to BASE to the clock and to every sequence. A sequence without a row is
	 * raised too. The raise is one statement on one row.
	 */

	/* Read the row of the instance whose id ROW has. Its count is 0 if there is none. */
	enum store_result (*instance)(struct store_session *session, struct store_instance *row,
				      struct text *reason) MUST_CHECK;

	/*
	 * As advance(), but reckon the distance from the clock that the instance's row has seen. The present
	 * clock is no measure, since another server may have carried an older copy on. A missing row has seen 0.
	 *
	 * Afterwards every sequence is above all numbers that it had while the clock stood at BASE or below. The
	 * row's count rises above ROW's, and ROW becomes the row. A second call with the same BASE raises nothing.
	 */
	enum store_result (*raise)(struct store_session *session, struct store_instance *row,
				   uint64_t base, struct text *reason) MUST_CHECK;

	/* The sequence NAME. LISTED->name is NAME. *FOUND: there is one. */
	enum store_result (*show)(struct store_session *session, const char *name, uint8_t name_len,
				  struct store_listed *listed, bool *found,
				  struct text *reason) MUST_CHECK;

	/* EACH of at most LIMIT sequences after the name AFTER, in order of name. AFTER_LEN may be 0. */
	enum store_result (*list)(struct store_session *session, const char *after,
				  uint8_t after_len, uint32_t limit, store_listed_fn *each,
				  void *arg, struct text *reason) MUST_CHECK;

	/* How many sequences there are that are not retired. It reads all rows. */
	enum store_result (*count)(struct store_session *session, uint64_t *count,
				   struct text *reason) MUST_CHECK;

	/*
	 * Make the sequence NAME with the policy WANTED, or give a sequence that is there its order, most and
	 * width. Start, form and fingerprint decide which ids were issued, so they must be the same. The clock
	 * moves by start - 1. A policy that is new or changed gets the revision of WANTED, or a higher one than
	 * it had.
	 */
	enum store_result (*declare)(struct store_session *session, const char *name,
				     uint8_t name_len, const struct sequence_policy *wanted,
				     enum store_declared *declared, struct text *reason) MUST_CHECK;

	/* Refuse NAME for ever. *FOUND: there is such a sequence, retired now or before. */
	enum store_result (*retire)(struct store_session *session, const char *name,
				    uint8_t name_len, bool *found, struct text *reason) MUST_CHECK;

	/*
	 * Move the sequence NAME forward, so that every number from now on is above NUMBER, and the clock by as
	 * much. Never back. STORE_TOO_LARGE: by more than SEQUENCE_MOST_JUMP, or beyond the end of the clock.
	 */
	enum store_result (*jump)(struct store_session *session, const char *name, uint8_t name_len,
				  uint64_t number, bool *found, struct text *reason) MUST_CHECK;

	/* EACH of the rows of server instances; and delete the row of ID, of an instance that is no more. */
	enum store_result (*instances)(struct store_session *session,
				       void (*each)(void *arg, const struct store_instance *row),
				       void *arg, struct text *reason) MUST_CHECK;
	enum store_result (*fold)(struct store_session *session, const char *id, bool *found,
				  struct text *reason) MUST_CHECK;

	/* -------------------------------------------------------------------------------------------- */

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
