/*
 * sequence_rows -- the rows that one statement of named sequences moves, and how their values are read.
 *
 * A store of named sequences has one table. Its rows are, in order of their names:
 *
 *	a sequence		its newest number, without all that was raised
 *	the clock		its value, the sum of all raises, and the number of the last advance
 *	a server instance	how often it has counted, and where it saw the clock
 *
 * A statement moves rows in that order, so two statements never wait for each other. The names of the clock and
 * the instances begin with a byte that no sequence has. Used by stores, in the session's thread. Commands use
 * sequence_rows_may_become(), which is pure, to check before they change anything.
 */
#ifndef TICKR_STORE_SEQUENCE_ROWS_H
#define TICKR_STORE_SEQUENCE_ROWS_H

#include "store/store.h"

#define SEQUENCE_CLOCK \
	"\xff"         \
	"clock"
#define SEQUENCE_CLOCK_LEN (sizeof(SEQUENCE_CLOCK) - 1)
#define SEQUENCE_INSTANCE \
	"\xff"            \
	"instance:" /* and the id */
#define SEQUENCE_INSTANCE_LEN (sizeof(SEQUENCE_INSTANCE) - 1 + RANDOM_ID_LEN)
#define SEQUENCE_FIRST_CLOCK  1 /* as createdb makes it: no sequence has moved */

/* A row after the statement. */
struct sequence_row {
	const char *name;
	size_t name_len;
	uint64_t newest;
	uint64_t revision;
	bool has_raised; /* the clock's row has */
	uint64_t raised;
	uint64_t seen; /* 0: NULL */
	uint64_t most; /* 0: NULL */
	bool is_retired;
};

/* The rows of one statement. Opaque, except for the name of the instance. */
struct sequence_rows {
	const struct store_order *order;
	char instance[SEQUENCE_INSTANCE_LEN + 1]; /* "" for a guest */
	size_t next;				  /* the move whose row is expected */
	size_t found;				  /* moves whose rows were read */
	bool has_clock, has_instance, has_stranger;
	uint64_t clock, raised;
};

/* The name of the row of the instance ID. */
void sequence_rows_name_instance(char name[SEQUENCE_INSTANCE_LEN + 1], const char *id);

/* Whether NAME is that of such a row; then its ID is copied. */
bool sequence_rows_read_instance(const char *name, size_t name_len,
				 char id[RANDOM_ID_SIZE]) MUST_CHECK;

/* Compare two names bytewise, the shorter one first. */
int sequence_rows_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * Begin the statement of ORDER: sort its moves. STORE_FAILED: a sequence stands in it twice, or the sum is wrong;
 * nothing was sent.
 */
enum store_result sequence_rows_begin(struct sequence_rows *rows, const struct store_order *order,
				      struct text *reason) MUST_CHECK;

/* Take ROW, as the statement has left it. In any order; nothing is believed yet. */
void sequence_rows_take(struct sequence_rows *rows, const struct sequence_row *row);

/*
 * The statement has ended cleanly: write the results into the order's moves and FOUND, and the clock's range
 * into BASES. STORE_REFUSED: rows are missing, or hold no values that the statement can have left.
 */
enum store_result sequence_rows_end(struct sequence_rows *rows, struct ticket_range *bases,
				    struct text *reason) MUST_CHECK;

/* The newest number of a row: its own and all that was RAISED. False: it is beyond 2^64-1. */
bool sequence_rows_number(uint64_t newest, uint64_t raised, uint64_t *number) MUST_CHECK;

/*
 * Whether POLICY, of a sequence that is there, can become WANTED. *IS_SAME: it is that already. False: REASON
 * names the part that decides which ids were issued, and differs.
 */
bool sequence_rows_may_become(const struct sequence_policy *policy,
			      const struct sequence_policy *wanted, bool *is_same,
			      struct text *reason) MUST_CHECK;

/*
 * How far to move a sequence at NEWEST + RAISED so that its newest number is NUMBER, where the clock is at CLOCK.
 * STORE_TOO_LARGE: too far.
 */
enum store_result sequence_rows_jump(uint64_t newest, uint64_t raised, uint64_t clock,
				     uint64_t number, uint64_t *distance,
				     struct text *reason) MUST_CHECK;

/*
 * How far a raise to BASE is for an instance with the row FOUND, where the clock is at CLOCK. The row sees *SEEN
 * afterwards. That is not the clock itself, which another server may have carried on. So two raises together are as
 * long as the longer one alone.
 */
uint64_t sequence_rows_raise(uint64_t base, uint64_t clock, const struct store_instance *found,
			     uint64_t *seen);

#endif
