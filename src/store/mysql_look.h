/*
 * mysql_look -- asks the server about itself in the packet of each statement, and judges the answer.
 *
 * For the files of the mysql store only, in the session's thread.
 *
 * DESIGN. Three things can change under an open session. Each makes a number worthless that was just reserved:
 *
 *	the server is demoted	Another server is the master, and may issue the same numbers. read_only does
 *				not stop a user with SUPER.
 *	the step changes	An operator added a master. SET GLOBAL auto_increment_* reaches new sessions
 *				only, so this session counts in the numbers of that master.
 *	the table changes	ALTER TABLE .. ENGINE: not every engine allocates a number once.
 *
 * So the packet of each statement ends with a look, which the server runs after the statement has committed. The
 * look sees an earlier change, and the numbers are abandoned. A later change cannot affect these numbers: SET
 * GLOBAL read_only and ALTER TABLE wait for running statements.
 *
 * The look is a statement of its own. If it were a condition of the UPDATE, a replica that runs statements
 * would evaluate it too. The replica is read-only, and would drop the change.
 */
#ifndef TICKR_STORE_MYSQL_LOOK_H
#define TICKR_STORE_MYSQL_LOOK_H

#include "store/mysql_session.h"

struct mysql_look {
	bool has_base;
	uint64_t base; /* the first column; only if HAS_BASE */
	struct mysql_steps steps;
	uint64_t last_id; /* LAST_INSERT_ID(): no trigger changes it */
	bool is_read_only;
	uint64_t advances; /* the column of LOOK_ADVANCES; 0 without it */
};

/*
 * The two statements of a look. They follow another statement in its packet, or are a packet themselves. BASE is
 * an expression for the first column.
 */
#define LOOK_ONE(base)                                                                        \
	"SELECT " base ",@@SESSION.auto_increment_increment,@@SESSION.auto_increment_offset," \
	"@@GLOBAL.auto_increment_increment,@@GLOBAL.auto_increment_offset,LAST_INSERT_ID(),"  \
	"@@GLOBAL.read_only"
#define LOOK_ADVANCES ",(SELECT advances FROM tickr_identity WHERE id=1)" /* after LOOK_ONE */
#define LOOK_TWO      ";SHOW CREATE TABLE tickets"

/* An expression: 1 if the server says that it may be written to, 0 if not. */
#define MYSQL_IS_WRITABLE "@@GLOBAL.read_only IN ('0', 'OFF')"

/* Add to REASON that the server is read-only, and return STORE_UNREADY. */
enum store_result mysql_explain_read_only(struct text *reason);

/* Ask whether the server may be written to. STORE_UNREADY: it is read-only. */
enum store_result mysql_check_writable(struct store_session *session,
				       struct text *reason) MUST_CHECK;

/*
 * Return the look that follows the next statement in its packet. Call it once a packet.
 *
 * The look asks for the table's definition if this session may see it, and if it is due. After a statement that
 * HAS_MANY_ROWS it is always due, because only the engine makes these rows one progression. After others it is
 * due every LOOK_EVERY_US: the table's key keeps their numbers apart, and the definition costs some microseconds.
 */
const char *mysql_next_look(struct store_session *session, bool has_many_rows);

/* The longest look that mysql_next_look() returns. */
#define LOOK_LONGEST  LOOK_ONE("0") LOOK_TWO
#define LOOK_EVERY_US 50000

/*
 * Make the first look of SESSION, before its layout is checked. Remember the steps and the table's definition.
 * STORE_UNREADY: the server is read-only.
 */
enum store_result mysql_look_first(struct store_session *session, struct text *reason) MUST_CHECK;

/*
 * Read the results of a look, which are the next ones, up to the end of the packet. STORE_OK: they were read, but
 * not judged.
 */
enum store_result mysql_take_look(struct store_session *session, struct mysql_look *look,
				  struct text *reason) MUST_CHECK;

/* Do so for a look of LOOK_ONE alone. */
enum store_result mysql_take_numbers(struct store_session *session, struct mysql_look *look,
				     struct text *reason) MUST_CHECK;

/*
 * Judge whether the numbers of the packet of LOOK may be issued. STORE_UNREADY: the server is read-only.
 * STORE_LOST: the steps changed, or the table needs other statements. STORE_REFUSED: the table does not fit.
 */
enum store_result mysql_judge_look(struct store_session *session, const struct mysql_look *look,
				   struct text *reason) MUST_CHECK;

/*
 * Check that AUTO_INCREMENT allocated ID, the id of the statement before LOOK. STORE_REFUSED: it did not, because
 * a trigger put another number into the row.
 */
enum store_result mysql_check_allocation(const struct mysql_look *look, uint64_t id,
					 struct text *reason) MUST_CHECK;

/* Send SQL, which is a LOOK_ONE, with LOOK_TWO if the session may see the definition. Judge the look. */
enum store_result mysql_look(struct store_session *session, const char *sql,
			     struct mysql_look *look, struct text *reason) MUST_CHECK;

/* Read the facts that do not change under a session: is it a node of Galera, and how large may a packet be? */
enum store_result mysql_read_server(struct store_session *session, struct text *reason) MUST_CHECK;

#endif
