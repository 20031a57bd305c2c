/*
 * sqlite_sequences -- named sequences in the table `tickr_sequences` of an SQLite file.
 *
 * Used by the sqlite store's files only, in the session's thread. sqlite_sequences.c has the sessions and the clock,
 * sqlite_sequences_move.c the statement. A session takes its turn with the session that counts tickets.
 */
#ifndef TICKR_STORE_SQLITE_SEQUENCES_H
#define TICKR_STORE_SQLITE_SEQUENCES_H

#include "store/sequence_rows.h"
#include "store/sqlite_session.h"

/* A session's own part: prepared statements. */
struct sqlite_sequences {
	sqlite3_stmt *begin, *upsert, *commit;
	int problem; /* SQLite's extended code of the last error */
};

/* Bind NAME, which must outlive the statement's use. */
void sqlite_sequences_bind_name(sqlite3_stmt *statement, int index, const char *name, size_t len);

/* The last error as a result, with the reason. */
enum store_result sqlite_sequences_error(struct store_session *session, struct text *reason);

/* Check that the files are there, take the turn for writing and begin a transaction. */
enum store_result sqlite_sequences_begin_write(struct store_session *session,
					       struct text *reason) MUST_CHECK;

/* End what sqlite_sequences_begin_write() began: commit after STORE_OK, else roll back. Return the result of both. */
enum store_result sqlite_sequences_end_write(struct store_session *session,
					     enum store_result result,
					     struct text *reason) MUST_CHECK;

/* Run SQL with the parameters ?1 NAME, ?2 A and ?3 B. *CHANGES may be NULL. */
enum store_result sqlite_sequences_run(struct store_session *session, const char *sql,
				       const char *name, size_t name_len, uint64_t a, uint64_t b,
				       int *changes, struct text *reason) MUST_CHECK;

/* The clock and all that was raised. STORE_REFUSED: their row is gone. */
enum store_result sqlite_sequences_read_clock(struct store_session *session, uint64_t *clock,
					      uint64_t *raised, struct text *reason) MUST_CHECK;

/* Check the tables again if the schema was changed since the last time that STATEMENT ran. */
enum store_result sqlite_sequences_check_schema(struct store_session *session,
						sqlite3_stmt *statement,
						struct text *reason) MUST_CHECK;

/* Whether the table is there. *IS_THERE and STORE_REFUSED: it is not as it must be. */
enum store_result sqlite_sequences_check_table(struct store_session *session, bool *is_there,
					       struct text *reason) MUST_CHECK;

/* Whether the table has the row of the clock. */
enum store_result sqlite_sequences_check_clock(struct store_session *session,
					       struct text *reason) MUST_CHECK;

/* --- as the functions of the store ---------------------------------------------------------------- */

enum store_result sqlite_sequences_reserve(struct store_session *session,
					   const struct store_order *order,
					   struct ticket_range *bases,
					   struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_instance(struct store_session *session,
					    struct store_instance *row,
					    struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_raise(struct store_session *session, struct store_instance *row,
					 uint64_t base, struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_instances(struct store_session *session,
					     void (*each)(void *arg,
							  const struct store_instance *row),
					     void *arg, struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_fold(struct store_session *session, const char *id, bool *found,
					struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_show(struct store_session *session, const char *name,
					uint8_t name_len, struct store_listed *listed, bool *found,
					struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_list(struct store_session *session, const char *after,
					uint8_t after_len, uint32_t limit, store_listed_fn *each,
					void *arg, struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_count(struct store_session *session, uint64_t *count,
					 struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_declare(struct store_session *session, const char *name,
					   uint8_t name_len, const struct sequence_policy *wanted,
					   enum store_declared *declared,
					   struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_retire(struct store_session *session, const char *name,
					  uint8_t name_len, bool *found,
					  struct text *reason) MUST_CHECK;
enum store_result sqlite_sequences_jump(struct store_session *session, const char *name,
					uint8_t name_len, uint64_t number, bool *found,
					struct text *reason) MUST_CHECK;

extern const struct store sqlite_sequences_store;

/* --- sqlite.c, for all sessions ------------------------------------------------------------------- */

/* Open a session: after the connection PREPARE checks the tables, prepares statements and joins. */
typedef enum store_result sqlite_prepare_fn(struct store_session *session, struct text *reason);
enum store_result sqlite_open_session(const struct store_settings *settings,
				      sqlite_prepare_fn *prepare, struct store_session **session,
				      struct text *reason) MUST_CHECK;
void sqlite_close_session(struct store_session *session);

/* Steps of PREPARE: see to it that the file has a write-ahead log; join the sessions that share the files. */
enum store_result sqlite_use_log(struct store_session *session, struct text *reason) MUST_CHECK;
enum store_result sqlite_join(struct store_session *session, struct text *reason) MUST_CHECK;

/* As warn() of the store. */
void sqlite_warn(struct store_session *session, struct text *warnings);

#endif
