/*
 * shelf -- named sequences in a store of keys and values that compares and sets: etcd and ZooKeeper.
 *
 * shelf_sequences.c computes each statement in C, and writes its rows in one transaction. The server carries that out
 * only if no row has changed since it was read. A back end, which is a struct shelf, reads and writes rows.
 *
 * The rows, by their names:
 *
 *	NAME			a sequence. Other programs may have left a counter of theirs under this name
 *	0xFF "clock"		the clock, the sum of all raises, the number of the last advance
 *	0xFF "identity"		32 hexadecimal digits
 *	0xFF "instance:" ID	a server instance: how often it has counted, and where it saw the clock
 *	0xFF "mine:" NAME	made with the row of a sequence, and kept for ever
 *
 * Every statement writes the clock, so each of two statements at the same time sees the other one, or fails and is
 * computed again. A row that is missing, or that another program has written, is refused once its "mine" row is there:
 * its numbers were issued before.
 *
 * Used in the session's thread.
 */
#ifndef TICKR_STORE_SHELF_H
#define TICKR_STORE_SHELF_H

#include "store/sequence_rows.h"
#include "store/store.h"

#define SHELF_MINE     "\xffmine:" /* and the name of a sequence */
#define SHELF_MINE_LEN (sizeof(SHELF_MINE) - 1)
#define SHELF_IDENTITY \
	"\xff"         \
	"identity"
#define SHELF_NAME_SIZE	 (SHELF_MINE_LEN + SEQUENCE_NAME_MOST + 1)
#define SHELF_VALUE_SIZE 512
#define SHELF_MOST_MOVES 60 /* sequences of one transaction, so that 128 operations are enough */
#define SHELF_MOST_ROWS	 (2 * SHELF_MOST_MOVES + 2)

enum shelf_change {
	SHELF_KEEP, /* the row must be as it was read */
	SHELF_PUT,
	SHELF_DELETE,
};

struct shelf_row {
	char name[SHELF_NAME_SIZE]; /* NAME_LEN bytes and a NUL */
	size_t name_len;

	/* As it was read: */
	bool is_there;
	uint64_t token;		      /* another one after each write, by the back end's own rule */
	uint64_t writes;	      /* how often it was written: some programs count so */
	bool is_ephemeral;	      /* it ends with the session of another program */
	char value[SHELF_VALUE_SIZE]; /* a text; too long a value is cut */

	bool needs_read;	  /* not read yet */
	enum shelf_change change; /* for write(): VALUE is the one to put */
};

/* A function that does not return STORE_OK adds to REASON, and may have done its work if it is STORE_LOST. */
struct shelf_session;
struct shelf {
	const char *words; /* its name in reasons: "etcd" */
	enum store_result (*open)(const struct store_settings *settings,
				  struct shelf_session **session, struct text *reason) MUST_CHECK;
	void (*close)(struct shelf_session *session);

	/* Read the rows with the names of ROWS. */
	enum store_result (*read)(struct shelf_session *session, struct shelf_row **rows,
				  size_t count, struct text *reason) MUST_CHECK;

	/*
	 * Change ROWS in one transaction, if each of them is as it was read: then *IS_WON is true. The rows that were
	 * put have their new tokens.
	 */
	enum store_result (*write)(struct shelf_session *session, struct shelf_row **rows,
				   size_t count, bool *is_won, struct text *reason) MUST_CHECK;

	/*
	 * EACH of at most LIMIT rows after the name AFTER and, if AFTER is below 0xFF, below 0xFF, in order of name.
	 * ROW is valid during the call, and without what write() needs.
	 */
	enum store_result (*list)(struct shelf_session *session, const char *after,
				  size_t after_len, uint32_t limit,
				  void (*each)(void *arg, const struct shelf_row *row), void *arg,
				  struct text *reason) MUST_CHECK;
};

/* --- the values of rows ----------------------------------------------------------------------------- */

/* A row of ours. Its text is the newest number, the word "tickr", and NAME=NUMBER for each other member that is not 0. */
struct shelf_value {
	uint64_t newest;   /* without RAISED of the clock */
	uint64_t revision; /* of a policy; of the clock: the last advance */
	uint64_t raised, seen;
	uint64_t start, most, order, form, width, fingerprint, declared, retired;
};

void shelf_value_write(const struct shelf_value *value, char text[SHELF_VALUE_SIZE]);

/* False: TEXT is no row of ours. */
bool shelf_value_read(const char *text, struct shelf_value *value) MUST_CHECK;

struct sequence_policy shelf_value_policy(const struct shelf_value *value);
void shelf_value_set_policy(struct shelf_value *value, const struct sequence_policy *policy);

/* --- sessions, for the files shelf_*.c --------------------------------------------------------------- */

#define SHELF_SLOTS 1024

struct store_session {
	const struct shelf *shelf;
	struct shelf_session *own;
	char identity[RANDOM_ID_SIZE];
	uint64_t advances;
	struct shelf_row
		*known[SHELF_SLOTS]; /* rows as they were read or written last; NULL: none */
};

/* A transaction that is being computed. */
struct shelf_work {
	struct shelf_row *rows[SHELF_MOST_ROWS];
	size_t count;
};

/* Add the row NAME as it is known, and read it if it is not. The row belongs to the session until shelf_end(). */
struct shelf_row *shelf_add(struct store_session *session, struct shelf_work *work,
			    const char *name, size_t name_len);

/* Read the rows of WORK that are not known yet. */
enum store_result shelf_load(struct store_session *session, struct shelf_work *work,
			     struct text *reason) MUST_CHECK;

/* Put VALUE into ROW of WORK. */
void shelf_put(struct shelf_row *row, const struct shelf_value *value);

/*
 * Write WORK, and end it. STORE_BUSY: a row had changed; nothing happened, and none of the rows is known any more.
 */
enum store_result shelf_commit(struct store_session *session, struct shelf_work *work,
			       struct text *reason) MUST_CHECK;

/* End WORK without a write. */
void shelf_drop(struct store_session *session, struct shelf_work *work);

/* Read the clock's row of WORK. */
enum store_result shelf_read_clock(const struct store_session *session, const struct shelf_row *row,
				   struct shelf_value *clock, struct text *reason) MUST_CHECK;

/*
 * Read ROWS of WORK again if their "mine" rows in MINE are there. Both are made in one transaction, but not read in
 * one. MINE has NULL where a row is ours.
 */
enum store_result shelf_load_again(struct store_session *session, struct shelf_work *work,
				   struct shelf_row **rows, struct shelf_row **mine, size_t count,
				   struct text *reason) MUST_CHECK;

/*
 * Read the row of a sequence whose "mine" row is MINE, NULL if ROW holds a value of ours. *FOUND: there is one. If another
 * program has left a counter, *FOUND is false and *BEFORE is its last number. STORE_REFUSED: the row is
 * not as we left it.
 */
enum store_result shelf_read_sequence(const struct store_session *session,
				      const struct shelf_row *row, const struct shelf_row *mine,
				      struct shelf_value *value, bool *found, uint64_t *before,
				      struct text *reason) MUST_CHECK;

/* Run STEP, which computes and commits, until it does not return STORE_BUSY, or too often. */
typedef enum store_result shelf_step_fn(struct store_session *session, void *arg,
					struct text *reason);
enum store_result shelf_repeat(struct store_session *session, shelf_step_fn *step, void *arg,
			       struct text *reason) MUST_CHECK;

/* --- as the functions of the stores ------------------------------------------------------------------- */

enum store_result shelf_open(const struct shelf *shelf, const struct store_settings *settings,
			     struct store_session **session, struct text *reason) MUST_CHECK;

/* All members of a store of named sequences that are alike for every shelf. */
#define SHELF_STORE                                                                               \
	.most_sessions = 1, .close = shelf_close, .reserve = shelf_reserve,                       \
	.most_per_statement = shelf_most_per_statement, .newest = shelf_newest,                   \
	.confirm = shelf_newest, .identity = shelf_identity, .advances = shelf_advances,          \
	.note_advance = shelf_note_advance, .advance = shelf_advance, .warn = shelf_warn,         \
	.instance = shelf_instance, .raise = shelf_raise, .show = shelf_show, .list = shelf_list, \
	.count = shelf_count, .declare = shelf_declare, .retire = shelf_retire,                   \
	.jump = shelf_jump, .instances = shelf_instances, .fold = shelf_fold

void shelf_close(struct store_session *session);
enum store_result shelf_reserve(struct store_session *session, const struct store_order *order,
				struct ticket_range *bases, struct text *reason) MUST_CHECK;
uint32_t shelf_most_per_statement(struct store_session *session);
enum store_result shelf_newest(struct store_session *session, uint64_t *base,
			       struct text *reason) MUST_CHECK;
const char *shelf_identity(struct store_session *session);
uint64_t shelf_advances(struct store_session *session);
enum store_result shelf_note_advance(struct store_session *session, uint64_t least,
				     struct text *reason) MUST_CHECK;
enum store_result shelf_advance(struct store_session *session, uint64_t base,
				struct text *reason) MUST_CHECK;
void shelf_warn(struct store_session *session, struct text *warnings);
enum store_result shelf_instance(struct store_session *session, struct store_instance *row,
				 struct text *reason) MUST_CHECK;
enum store_result shelf_raise(struct store_session *session, struct store_instance *row,
			      uint64_t base, struct text *reason) MUST_CHECK;
enum store_result shelf_show(struct store_session *session, const char *name, uint8_t name_len,
			     struct store_listed *listed, bool *found,
			     struct text *reason) MUST_CHECK;
enum store_result shelf_list(struct store_session *session, const char *after, uint8_t after_len,
			     uint32_t limit, store_listed_fn *each, void *arg,
			     struct text *reason) MUST_CHECK;
enum store_result shelf_count(struct store_session *session, uint64_t *count,
			      struct text *reason) MUST_CHECK;
enum store_result shelf_declare(struct store_session *session, const char *name, uint8_t name_len,
				const struct sequence_policy *wanted, enum store_declared *declared,
				struct text *reason) MUST_CHECK;
enum store_result shelf_retire(struct store_session *session, const char *name, uint8_t name_len,
			       bool *found, struct text *reason) MUST_CHECK;
enum store_result shelf_jump(struct store_session *session, const char *name, uint8_t name_len,
			     uint64_t number, bool *found, struct text *reason) MUST_CHECK;
enum store_result shelf_instances(struct store_session *session,
				  void (*each)(void *arg, const struct store_instance *row),
				  void *arg, struct text *reason) MUST_CHECK;
enum store_result shelf_fold(struct store_session *session, const char *id, bool *found,
			     struct text *reason) MUST_CHECK;

#endif
