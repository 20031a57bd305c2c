/*
 * mysql_look -- what a server says of itself, asked in the packet of each statement.
 *
 * Used by the mysql store's files only, in the session's thread.
 *
 * DESIGN. Three things can change under an open session, and each of them makes a number that was
 * just reserved worthless:
 *
 *	the server is demoted	another one is the master, and may issue the same numbers;
 *				read_only does not stop a user with SUPER
 *	the step changes	SET GLOBAL auto_increment_* reaches new sessions only: a second
 *				master was added, and this session counts in its numbers
 *	the table changes	ALTER TABLE .. ENGINE: not every engine allocates a number once
 *
 * So the packet of each statement ends with a look, which the server runs after the statement has
 * committed. A change before that is seen, and the numbers are abandoned. A change after it comes too
 * late to touch them: SET GLOBAL read_only and ALTER TABLE wait for statements that are under way.
 * The look is a statement of its own. As a condition of the UPDATE a replica that runs statements
 * would evaluate it for itself, find that it is read-only, and drop the change.
 */
#ifndef TICKR_STORE_MYSQL_LOOK_H
#define TICKR_STORE_MYSQL_LOOK_H

#include "store/mysql_session.h"

struct mysql_look {
	bool has_base;
	uint64_t base; /* the first column, if HAS_BASE */
	struct mysql_steps steps;
	uint64_t last_id; /* LAST_INSERT_ID(), which no trigger changes */
	bool is_read_only;
	uint64_t advances; /* the column that LOOK_ADVANCES adds; else 0 */
};

/*
 * The statements of a look: BASE is an expression for its first column. They follow another statement
 * in its packet, or are a packet by themselves.
 */
#define LOOK_ONE(base)                                                                        \
	"SELECT " base ",@@SESSION.auto_increment_increment,@@SESSION.auto_increment_offset," \
	"@@GLOBAL.auto_increment_increment,@@GLOBAL.auto_increment_offset,LAST_INSERT_ID(),"  \
	"@@GLOBAL.read_only"
#define LOOK_ADVANCES ",(SELECT advances FROM tickr_identity WHERE id=1)" /* after LOOK_ONE */
#define LOOK_TWO      ";SHOW CREATE TABLE tickets"

/* An expression: 1 if the server may be written to, by its own word, and 0 if not. */
#define MYSQL_IS_WRITABLE "@@GLOBAL.read_only IN ('0', 'OFF')"

/* STORE_UNREADY, and the reason of a server that is read-only. */
enum store_result mysql_explain_read_only(struct text *reason);

/* Whether the server may be written to. STORE_UNREADY: it may not. */
enum store_result mysql_check_writable(struct store_session *session,
				       struct text *reason) MUST_CHECK;

/*
 * The statements of a look, to follow another statement in its packet, and once a packet. They are prepared
 * where the server can execute with a literal, which saves it the parsing. The table's definition is
 * asked for where this session may see it: always after a statement that HAS_MANY_ROWS, since it rests on the
 * engine that they are one progression; after others, whose numbers the table's key keeps apart,
 * LOOK_EVERY_US after the last time, because the database and this process each take some microseconds for it.
 */
const char *mysql_next_look(struct store_session *session, bool has_many_rows);

/* The longest of them. */
#define LOOK_LONGEST  LOOK_ONE("0") LOOK_TWO
#define LOOK_EVERY_US 50000

/*
 * The first look of SESSION, before its layout is looked at: remember the steps and the table's
 * definition. STORE_UNREADY: the server is read-only.
 */
enum store_result mysql_look_first(struct store_session *session, struct text *reason) MUST_CHECK;

/*
 * Read the results of a look, of which the first is next, to the packet's end. STORE_OK says only
 * that they could be read.
 */
enum store_result mysql_take_look(struct store_session *session, struct mysql_look *look,
				  struct text *reason) MUST_CHECK;

/* The same of LOOK_ONE alone. */
enum store_result mysql_take_numbers(struct store_session *session, struct mysql_look *look,
				     struct text *reason) MUST_CHECK;

/*
 * What LOOK means for the numbers of its packet, and for the session. STORE_UNREADY: the server is
 * read-only. STORE_LOST: the steps are others than those of the session. STORE_REFUSED: the table is
 * not as it must be.
 */
enum store_result mysql_judge_look(struct store_session *session, const struct mysql_look *look,
				   struct text *reason) MUST_CHECK;

/*
 * Whether AUTO_INCREMENT has allocated ID, that of the statement before LOOK: a trigger may put another
 * number in the row. STORE_REFUSED: it has not.
 */
enum store_result mysql_check_allocation(const struct mysql_look *look, uint64_t id,
					 struct text *reason) MUST_CHECK;

/*
 * Send SQL, a look, and judge it. Its first part is LOOK_ONE; LOOK_TWO follows where the session may
 * see the definition.
 */
enum store_result mysql_look(struct store_session *session, const char *sql,
			     struct mysql_look *look, struct text *reason) MUST_CHECK;

/* Read what a server does not change under a session: is it Galera's, and how large may a packet be? */
enum store_result mysql_read_server(struct store_session *session, struct text *reason) MUST_CHECK;

#endif
