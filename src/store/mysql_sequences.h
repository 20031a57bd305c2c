/*
 * mysql_sequences -- named sequences in the table `tickr_sequences` of MySQL or MariaDB.
 *
 * Used by the mysql store's files only, in the session's thread. mysql_sequences.c has the sessions and the clock,
 * mysql_sequences_move.c the statement. The table is InnoDB's, and one server counts in it.
 */
#ifndef TICKR_STORE_MYSQL_SEQUENCES_H
#define TICKR_STORE_MYSQL_SEQUENCES_H

#include "store/mysql_session.h"
#include "store/sequence_rows.h"

/* A session's own part. */
struct mysql_sequences {
	bool has_returning;   /* INSERT .. RETURNING: MariaDB from 10.5 on */
	bool is_prepared;     /* the look */
	bool asks_definition; /* the present packet does */
	uint64_t asked_us;    /* when a packet asked for the definition last, by clock_us() */
	uint64_t definition;  /* a fingerprint of the table that was found good */
	char *memory;	      /* of the statement */
	size_t size;
};

/* The names of the two rows as literals of SQL. */
#define SEQUENCES_CLOCK		"X'FF636C6F636B'"
#define SEQUENCES_CLOCK_DOUBLED "X''FF636C6F636B''" /* within another literal */

/* The look that ends each packet, and the definition of the table. */
#define SEQUENCES_LOOK_COLUMNS                                                  \
	"@@GLOBAL.read_only IN ('0','OFF'),@@SESSION.auto_increment_increment," \
	"@@GLOBAL.auto_increment_increment"
#define SEQUENCES_LOOK	     "SELECT " SEQUENCES_LOOK_COLUMNS
#define SEQUENCES_DEFINITION "SHOW CREATE TABLE tickr_sequences"

/* Add the LEN bytes of NAME to SQL, as a literal. */
void mysql_sequences_add_name(struct text *sql, const char *name, size_t len);

/*
 * Prepare the most frequent statement, and learn by it whether the server has RETURNING. Where it prepares none, all is
 * sent as text, and without RETURNING. STORE_LOST: the session is lost.
 */
enum store_result mysql_sequences_prepare_move(struct store_session *session) MUST_CHECK;

/* The last error as a result, with the reason. */
enum store_result mysql_sequences_error(struct store_session *session, struct text *reason);

/* Read a definition, whose result is next, and compare it. STORE_REFUSED: the table was changed. */
enum store_result mysql_sequences_take_definition(struct store_session *session,
						  struct text *reason) MUST_CHECK;

/* Judge the three columns of a look. */
enum store_result mysql_sequences_judge_look(const char *const *columns,
					     struct text *reason) MUST_CHECK;

/* Read the look, whose result is next and the last of its packet, and judge it. */
enum store_result mysql_sequences_take_look(struct store_session *session,
					    struct text *reason) MUST_CHECK;

/* Check that the server may be written to. Then run SQL, which begins a transaction, and read its rows. */
enum store_result mysql_sequences_begin(struct store_session *session, const char *sql,
					mysql_session_row_fn *read, void *arg,
					struct text *reason) MUST_CHECK;

/* Run SQL, which ends with COMMIT, and a look. */
enum store_result mysql_sequences_commit(struct store_session *session, const char *sql,
					 struct text *reason) MUST_CHECK;

/* End the transaction after RESULT, which is returned. STORE_LOST: the session is no good. */
enum store_result mysql_sequences_roll_back(struct store_session *session,
					    enum store_result result);

/* STORE_REFUSED, and the reason of a table without the row of the clock. */
enum store_result mysql_sequences_explain_no_clock(struct text *reason);

/* A column as a number; 0: NULL. False: it is negative, or no number. */
bool mysql_sequences_read_number(const char *column, uint64_t *number) MUST_CHECK;

/* --- as the functions of the store ---------------------------------------------------------------- */

enum store_result mysql_sequences_reserve(struct store_session *session,
					  const struct store_order *order,
					  struct ticket_range *bases,
					  struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_instance(struct store_session *session,
					   struct store_instance *row,
					   struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_raise(struct store_session *session, struct store_instance *row,
					uint64_t base, struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_instances(struct store_session *session,
					    void (*each)(void *arg,
							 const struct store_instance *row),
					    void *arg, struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_fold(struct store_session *session, const char *id, bool *found,
				       struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_show(struct store_session *session, const char *name,
				       uint8_t name_len, struct store_listed *listed, bool *found,
				       struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_list(struct store_session *session, const char *after,
				       uint8_t after_len, uint32_t limit, store_listed_fn *each,
				       void *arg, struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_count(struct store_session *session, uint64_t *count,
					struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_declare(struct store_session *session, const char *name,
					  uint8_t name_len, const struct sequence_policy *wanted,
					  enum store_declared *declared,
					  struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_retire(struct store_session *session, const char *name,
					 uint8_t name_len, bool *found,
					 struct text *reason) MUST_CHECK;
enum store_result mysql_sequences_jump(struct store_session *session, const char *name,
				       uint8_t name_len, uint64_t number, bool *found,
				       struct text *reason) MUST_CHECK;

/* --- for createdb --------------------------------------------------------------------------------- */

/* Whether this server may count sequences: it is no node of Galera, and its step is 1. */
enum store_result mysql_sequences_check_server(struct store_session *session,
					       struct text *reason) MUST_CHECK;

/* Whether the table is there. *IS_THERE and STORE_REFUSED: it is not as it must be. */
enum store_result mysql_sequences_check_table(struct store_session *session, bool *is_there,
					      struct text *reason) MUST_CHECK;

/* Whether the table has the row of the clock, which a createdb that was interrupted has not made. */
enum store_result mysql_sequences_check_clock(struct store_session *session,
					      struct text *reason) MUST_CHECK;

extern const struct store mysql_sequences_store;

#endif
