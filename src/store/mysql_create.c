#include <inttypes.h>
#include <mysqld_error.h>
#include <stdio.h>

#include "sql.h"
#include "store/mysql_create.h"
#include "store/mysql_identity.h"
#include "store/mysql_layout.h"
#include "store/mysql_look.h"
#include "store/mysql_sequences.h"
#include "store/pinned.h"

#define REASON_ROOM 512

/* How a step ended. */
enum step {
	STEP_FOUND,
	STEP_MADE,
	STEP_FAILED,
};

/* Return whether this server alone can hold the node's counter in one row; if not, REPORT says why. */
static bool
mysql_create_may_count_in_one_row(struct store_session *session, struct text *report)
{
	uint64_t increment = 0;
	bool found;

	if (mysql_read_server(session, report) != STORE_OK ||
	    mysql_session_numbers(session, "SELECT @@SESSION.auto_increment_increment", &increment,
				  1, &found, report) != STORE_OK) {
		text_add(report, "\n");
		return false;
	}
	if (session->is_galera)
		text_add(report, "this server is a node of a Galera cluster. In the counter layout "
				 "its nodes would fail each other's commits: use --layout "
				 "append\n");
	else if (increment > 1)
		text_addf(report,
			  "auto_increment_increment is %" PRIu64
			  " on this server: several masters count side by side, and in the "
			  "counter layout each would issue the same tickets. Use --layout "
			  "append; or, if this is the only master, set auto_increment_increment "
			  "to 1 and try again\n",
			  increment);
	return !session->is_galera && increment == 1;
}

/* Refuse a layout that does not fit this server before making anything. */
static enum step
mysql_create_make_database(struct store_session *session, const struct create_order *order,
			   struct text *report)
{
	const char *name = mysql_database(session->settings);
	char sql[160];

	if (mysql_select_db(&session->mysql, name) == 0) {
		text_addf(report, "database %s: found\n", name);
		return STEP_FOUND;
	}
	if (mysql_errno(&session->mysql) == ER_BAD_DB_ERROR) {
		if (order->layout == STORE_LAYOUT_COUNTER &&
		    !mysql_create_may_count_in_one_row(session, report))
			return STEP_FAILED;
		if (mysql_check_writable(session, report) != STORE_OK)
			goto failed;
		snprintf(sql, sizeof(sql), "CREATE DATABASE `%s`", name);
		if (mysql_session_run(session, sql, report) != STORE_OK)
			goto failed;
		if (mysql_select_db(&session->mysql, name) == 0) {
			text_addf(report, "database %s: created\n", name);
			return STEP_MADE;
		}
	}
	(void)mysql_session_error(session, report);
failed:
	text_addf(report, "; cannot use database %s\n", name);
	return STEP_FAILED;
}

/*
 * One statement inserts the first row, with its final number. So a createdb that is killed leaves no row or the
 * right one. The next createdb refuses a table without a row.
 */
static enum step
mysql_create_tickets(struct store_session *session, const struct create_order *order,
		     struct text *report)
{
	bool is_counter = order->layout == STORE_LAYOUT_COUNTER;
	char sql[64 + sizeof(sql_tickets) + sizeof(sql_tickets_counter)];

	if (is_counter && !mysql_create_may_count_in_one_row(session, report))
		return STEP_FAILED;
	snprintf(sql, sizeof(sql), "SET @newest = %" PRIu64 ";\n%s", order->newest,
		 is_counter ? sql_tickets_counter : sql_tickets);
	if (mysql_check_writable(session, report) != STORE_OK ||
	    mysql_session_run(session, sql, report) != STORE_OK) {
		text_add(report, "; cannot create table `tickets`\n");
		return STEP_FAILED;
	}
	text_addf(report, "table `tickets`: created (%s layout)\n",
		  mysql_layout_name(is_counter ? LAYOUT_COUNTER : LAYOUT_APPEND));
	return STEP_MADE;
}

/* Return whether the counter of an existing table is at NEWEST or above. createdb never moves it. */
static bool
mysql_create_stands_at(struct store_session *session, uint64_t newest, struct text *reason)
{
	uint64_t stands = 0;
	bool found;

	if (mysql_session_numbers(session, "SELECT MAX(id) FROM tickets", &stands, 1, &found,
				  reason) != STORE_OK)
		return false;
	if (found && stands >= newest)
		return true;
	pinned_explain_behind(&session->settings->space, stands, newest, reason);
	return false;
}

static void
mysql_create_report_found(const struct store_session *session, enum store_layout wanted,
			  struct text *report)
{
	static const enum mysql_layout layouts[] = {
		[STORE_LAYOUT_APPEND] = LAYOUT_APPEND,
		[STORE_LAYOUT_COUNTER] = LAYOUT_COUNTER,
	};

	text_addf(report, "table `tickets`: found (%s layout, %s)\n",
		  mysql_layout_name(session->layout), session->engine);
	if (wanted == STORE_LAYOUT_USUAL || layouts[wanted] == session->layout)
		return;
	text_addf(report,
		  "the %s layout was requested, but createdb alters no table: make a new "
		  "database, see Changing the layout in docs/databases.md\n",
		  mysql_layout_name(layouts[wanted]));
}

/* If there are pinned settings but no table, the table was lost. A new one would repeat its numbers. */
static enum step
mysql_create_make_tickets(struct store_session *session, const struct create_order *order,
			  struct text *report)
{
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	enum mysql_finding tickets, settings, row;

	if (mysql_layout_find(session, &tickets, &reason) != STORE_OK)
		goto failed;
	if (tickets == FOUND_NOTHING) {
		text_clear(&reason);
		if (mysql_layout_find_settings(session, &settings, &reason) != STORE_OK)
			goto failed;
		if (settings == FOUND_NOTHING)
			return mysql_create_tickets(session, order, report);
		text_clear(&reason);
		text_add(&reason, "this database has pinned settings and no table `tickets`: the "
				  "table was lost, and a new one would issue its tickets again. "
				  "Restore the table; or DROP TABLE tickr_settings, then run "
				  "createdb --continue-after the last ticket that may have been "
				  "issued (without it only if there was none)");
		goto failed;
	}
	if (tickets == FOUND_WRONG || mysql_layout_find_row(session, &row, &reason) != STORE_OK)
		goto failed;
	if (row != FOUND_IT) {
		text_add(&reason,
			 ". If an interrupted createdb left the table, DROP TABLE tickets and run "
			 "createdb again");
		goto failed;
	}
	if (!mysql_create_stands_at(session, order->newest, &reason))
		goto failed;
	mysql_create_report_found(session, order->layout, report);
	return STEP_FOUND;
failed:
	text_addf(report, "%s\n", memory);
	return STEP_FAILED;
}

static enum step
mysql_create_make_settings(struct store_session *session, const struct create_order *order,
			   struct text *report)
{
	const struct ticket_space *space = &session->settings->space;
	char sql[192 + sizeof(sql_settings)], memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	enum mysql_finding finding;

	if (mysql_layout_find_settings(session, &finding, &reason) != STORE_OK ||
	    finding == FOUND_WRONG) {
		text_addf(report, "%s\n", memory);
		return STEP_FAILED;
	}
	if (finding == FOUND_IT) {
		text_add(report, "settings: found, and they are the same\n");
		return STEP_FOUND;
	}
	if (order->with_sequences && !session->is_new) {
		text_add(report, "this database has no pinned settings: run tickrd createdb "
				 "without --sequences\n");
		return STEP_FAILED;
	}
	snprintf(sql, sizeof(sql),
		 "SET @max_nodes = %" PRIu64 ", @node_number = %" PRIu64
		 ", @starting_offset = %" PRIu64 ";\n%s",
		 space->max_nodes, space->node_number, space->starting_offset, sql_settings);
	if (mysql_check_writable(session, report) != STORE_OK ||
	    mysql_session_run(session, sql, report) != STORE_OK) {
		text_add(report, "; cannot pin the settings\n");
		return STEP_FAILED;
	}
	text_add(report, "settings: pinned (");
	pinned_describe(space, report);
	text_add(report, ")\n");
	return STEP_MADE;
}

/*
 * A database of an older tickrd gets its identity now. A replica gets it from its master. If the server may not
 * be written to, the database stays without one, and can be served from.
 */
static enum step
mysql_create_make_identity(struct store_session *session, const struct create_order *order,
			   struct text *report)
{
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	bool is_missing;

	if (order->with_sequences && !session->is_new)
		return STEP_FOUND;
	if (mysql_read_identity(session, &is_missing, &reason) != STORE_OK)
		goto failed;
	if (!is_missing) {
		text_add(report, "identity: found\n");
		return STEP_FOUND;
	}
	switch (mysql_check_writable(session, &reason)) {
	case STORE_OK: break;
	case STORE_UNREADY:
		text_add(report,
			 "identity: none, and this server is read-only: run tickrd createdb on "
			 "its master\n");
		return STEP_FOUND;
	default: goto failed;
	}
	if (mysql_make_identity(session, &reason) != STORE_OK)
		goto failed;
	text_add(report, "identity: made\n");
	return STEP_MADE;
failed:
	text_addf(report, "%s; cannot make the identity\n", memory);
	return STEP_FAILED;
}

static enum step
mysql_create_sequences(struct store_session *session, const struct create_order *order,
		       struct text *report)
{
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	enum store_result result = mysql_sequences_check_server(session, &reason);

	if (result == STORE_REFUSED && !order->with_sequences) {
		text_addf(report, "table `tickr_sequences`: not created: %s\n", memory);
		return STEP_FOUND;
	}
	if (result == STORE_OK)
		result = mysql_check_writable(session, &reason);
	if (result == STORE_OK)
		result = mysql_session_run(session, sql_sequences, &reason);
	if (result != STORE_OK) {
		text_addf(report, "%s; cannot create the table `tickr_sequences`\n", memory);
		return STEP_FAILED;
	}
	text_add(report, "table `tickr_sequences`: created\n");
	return STEP_MADE;
}

/* Refuse a table without the row of the clock: it is half made, or was emptied. A new row would repeat its numbers. */
static enum step
mysql_create_make_sequences(struct store_session *session, const struct create_order *order,
			    struct text *report)
{
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	bool is_there;
	enum store_result result = mysql_sequences_check_table(session, &is_there, &reason);

	if (result == STORE_OK && is_there)
		result = mysql_sequences_check_clock(session, &reason);
	if (result != STORE_OK) {
		text_addf(report, "%s\n", memory);
		return STEP_FAILED;
	}
	if (is_there) {
		text_add(report, "table `tickr_sequences`: found\n");
		return STEP_FOUND;
	}
	if (session->is_new || order->with_sequences)
		return mysql_create_sequences(session, order, report);
	text_add(report, "table `tickr_sequences`: none; for named sequences run tickrd createdb "
			 "--sequences\n");
	return STEP_FOUND;
}

enum store_create_result
mysql_create(const struct store_settings *settings, const struct create_order *order,
	     struct text *report)
{
	typedef enum step step_fn(struct store_session *, const struct create_order *,
				  struct text *);
	static step_fn *const steps[] = {mysql_create_make_database, mysql_create_make_tickets,
					 mysql_create_make_settings, mysql_create_make_identity,
					 mysql_create_make_sequences};
	enum store_create_result result = STORE_EXISTED;
	struct store_session session;

	if (mysql_session_connect(&session, settings, NULL, report) != STORE_OK) {
		mysql_session_disconnect(&session);
		text_add(report, "\n");
		return STORE_NOT_CREATED;
	}
	for (unsigned i = 0; i < ARRAY_LENGTH(steps); i++) {
		enum step step = steps[i](&session, order, report);

		if (step == STEP_FAILED) {
			result = STORE_NOT_CREATED;
			break;
		}
		if (step == STEP_MADE && i > 0)
			result = STORE_CREATED;
		if (step == STEP_MADE && steps[i] == mysql_create_make_tickets)
			session.is_new = true;
	}
	mysql_session_disconnect(&session);
	return result;
}
