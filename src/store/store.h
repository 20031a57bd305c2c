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
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/random.h"
#include "base/text.h"
#include "ticket/range.h"
#include "ticket/sequence.h"
#include "ticket/space.h"

enum store_result {
	STORE_OK,
	STORE_BUSY,	 /* a deadlock or a lock time-out; nothing was allocated: ask again */
	STORE_UNREADY,	 /* this server serves nobody just now: ask another one, for other bases */
	STORE_LOST,	 /* the connection is gone; what was asked may have happened */
	STORE_FAILED,	 /* the database said no */
	STORE_REFUSED,	 /* what it holds cannot be trusted, or is not for this node */
	STORE_EXHAUSTED, /* its counter is at its end */
	STORE_TOO_LARGE, /* it takes no statement of this length; nothing was allocated */
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

	/*
	 * Add the table of named sequences to a database that is there, and change nothing else of it. A new
	 * database has the table anyway, if it can have one.
	 */
	bool with_sequences;
};

/* How to use one database. A copy of it shares NAME and OWN, which outlive the sessions. */
struct store_settings {
	const char *name; /* of the database, for the log */
	unsigned connect_timeout_s;
	unsigned query_timeout_s;
	bool require_durable;	   /* see durable.h */
	bool is_guest;		   /* issues no ticket, and may run next to a server that does */
	struct ticket_space space; /* must be the one that the database has pinned */
	void *own;		   /* the settings that only this store has, made by its parse() */
	struct store_claim *claim; /* set by claim() of the store, and for its sessions only */
};

/* The variables that parse() reads, as the operator has set them. Valid during that call. */
struct store_given {
	/* The value of VARIABLE for this DATABASE of several; its default, if it is not set. */
	const char *(*text)(const struct store_given *given, const char *variable, size_t database);
	bool (*is_set)(const struct store_given *given, const char *variable);
	/* Report that the value of VARIABLE is not allowed. WORDS say why; NULL: nothing more. */
	void (*refuse)(const struct store_given *given, const char *variable, const char *words);
	struct text *problems; /* a line for any other mistake */
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

struct store {
	const char *name;

	/*
	 * The store of the named sequences in the same database: sessions, a counter and trust of its own. Its
	 * counter is the clock: a number that rises in the same transaction as the sequences of a statement, by
	 * the sum of their counts. So no sequence rises faster than the clock. NULL: it has none.
	 */
	const struct store *sequences;

	/*
	 * The STORE_KEY variables of config/keys.h that parse() reads, ended by NULL. Any other is
	 * refused if it is set. A store that reads TICKR_DATABASE_HOST may have several databases.
	 */
	const char *const *variables;

	/*
	 * Set NAME and OWN of COUNT databases, which have their other settings. Every mistake goes to
	 * GIVEN; afterwards forget() is due for each database anyway. Runs before begin().
	 */
	void (*parse)(const struct store_given *given, struct store_settings *databases,
		      size_t count);
	/* Free what parse() has set. */
	void (*forget)(struct store_settings *database);

	/*
	 * Only one process serves from a database. It carries out the commands on named sequences of others, which
	 * ask it over its control socket.
	 */
	bool is_exclusive;

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
	 * Reserve ORDER's count (1 or more) of bases as one progression. After anything but STORE_OK
	 * and STORE_BUSY the session is good for close() only.
	 *
	 * A store of named sequences moves all sequences of ORDER and the clock in one transaction. BASES is then
	 * the clock's range, which is empty if ORDER's count is 0. A sequence that has no row begins at 1, or above
	 * all that was raised. A number beyond the row's MOST is no failure of the statement.
	 */
	enum store_result (*reserve)(struct store_session *session, const struct store_order *order,
				     struct ticket_range *bases, struct text *reason) MUST_CHECK;

	/* How many bases several small requests may want together to share one reservation. */
	uint32_t (*most_per_statement)(struct store_session *session);

	/*
	 * Whether COUNT bases fit in one reservation. False: REASON names the limit of the database that
	 * forbids it. Asks nothing of the database, and the session stays good. NULL: any count fits.
	 */
	bool (*fits)(const struct store_session *session, uint32_t count,
		     struct text *reason) MUST_CHECK;

	/* The newest base that was given; 1 before the first. */
	enum store_result (*newest)(struct store_session *session, uint64_t *base,
				    struct text *reason) MUST_CHECK;

	/*
	 * Read the newest base where statements write, as a locking read: a proxy may send newest() to a
	 * replica that lags. NULL: a reservation of one base shows it.
	 */
	enum store_result (*confirm)(struct store_session *session, uint64_t *base,
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
	 * moves by start - 1.
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
	 * Create the database, its table with the first row and the pinned settings, where
	 * they are missing; never alters what it finds. A table that is found must stand at the
	 * ORDER's newest at least; its layout may be another than that of the ORDER, and the
	 * report says so. REPORT: a line for each thing found or made.
	 */
	enum store_create_result (*create)(const struct store_settings *settings,
					   const struct create_order *order,
					   struct text *report) MUST_CHECK;
};

#endif
