#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/mysql_durable.h"
#include "store/mysql_reserve.h"

#define VERSION_SIZE 128

#define REDO_LOG_STATUS "Innodb_redo_log_enabled" /* a status of MySQL 8.0.21 and later */

/* A variable or status of the server, its safe or unsafe values, and the words for an unsafe one. */
struct setting {
	const char *name;
	bool are_unsafe;       /* the values; false: they are the only safe ones */
	const char *values[5]; /* as SHOW VARIABLES prints them; NULL after the last */
	const char *danger;
};

/* If a server does not have a variable, there is no warning. */
static const struct setting settings[] = {
	{"innodb_flush_log_at_trx_commit",
	 false,
	 {"1", "3"}, /* MariaDB's 3 is safer than 1 */
	 "a crash of the database may issue a ticket twice; set it to 1"},
	{"innodb_doublewrite",
	 false,
	 {"ON", "1", "DETECT_AND_RECOVER", "fast"},
	 "a crash of the database may leave a page half-written, and with it the counter; "
	 "set it to ON"},
	/* Other methods, such as O_DIRECT_NO_FSYNC, keep the flush that makes the log durable. */
	{"innodb_flush_method",
	 true,
	 {"nosync", "littlesync"},
	 "a crash of the machine may issue a ticket twice; set it to fsync or O_DIRECT"},
	{"debug_no_sync",
	 false,
	 {"OFF", "0"},
	 "nothing is flushed to the disk, and a crash of the machine may issue a ticket twice; set "
	 "it to OFF"},
	{REDO_LOG_STATUS,
	 false,
	 {"ON"},
	 "the redo log of InnoDB is disabled, and a crash of the database loses its tables; run "
	 "ALTER INSTANCE ENABLE INNODB REDO_LOG"},
};

struct variables {
	bool is_binlog;
	char sync_binlog[24];
	struct text *warnings;
};

static void
mysql_durable_warn_of_value(const char *name, const char *value, const char *danger,
			    struct text *warnings)
{
	text_addf(warnings, "%s is %s: %s\n", name, value, danger);
}

void
mysql_judge_setting(const char *name, const char *value, struct text *warnings)
{
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
		const struct setting *setting = &settings[i];
		bool is_listed = false;

		if (strcasecmp(name, setting->name) != 0)
			continue;
		for (size_t j = 0; j < ARRAY_LENGTH(setting->values) && setting->values[j] != NULL;
		     j++)
			if (strcasecmp(value, setting->values[j]) == 0)
				is_listed = true;
		if (is_listed == setting->are_unsafe)
			mysql_durable_warn_of_value(name, value, setting->danger, warnings);
	}
}

static void
mysql_durable_read_variable(void *arg, MYSQL_ROW row)
{
	struct variables *variables = arg;
	const char *name = row[0], *value = row[1] != NULL ? row[1] : "";

	mysql_judge_setting(name, value, variables->warnings);
	if (strcasecmp(name, "log_bin") == 0)
		variables->is_binlog = strcasecmp(value, "ON") == 0;
	if (strcasecmp(name, "sync_binlog") == 0)
		snprintf(variables->sync_binlog, sizeof(variables->sync_binlog), "%s", value);
}

static void
mysql_durable_warn_of_variables(struct store_session *session, struct text *warnings)
{
	static const char sql[] =
		"SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', "
		"'innodb_doublewrite', 'debug_no_sync', 'innodb_flush_method', 'log_bin', "
		"'sync_binlog')";
	struct variables variables = {.warnings = warnings};
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	if (mysql_session_query(session, sql, mysql_durable_read_variable, &variables, &problem) !=
	    STORE_OK)
		text_addf(warnings, "the server's settings cannot be read: %s\n", memory);
	else if (variables.is_binlog && strcmp(variables.sync_binlog, "1") != 0)
		mysql_durable_warn_of_value("sync_binlog", variables.sync_binlog,
					    "after a crash of the database a replica may miss "
					    "tickets that were issued; "
					    "set it to 1",
					    warnings);
}

static void
mysql_durable_read_status(void *warnings, MYSQL_ROW row)
{
	mysql_judge_setting(row[0], row[1] != NULL ? row[1] : "", warnings);
}

/* MySQL 8 has ALTER INSTANCE DISABLE INNODB REDO_LOG. Other servers do not know the status. */
static void
mysql_durable_warn_of_redo_log(struct store_session *session, struct text *warnings)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	if (mysql_session_query(session, "SHOW GLOBAL STATUS LIKE '" REDO_LOG_STATUS "'",
				mysql_durable_read_status, warnings, &problem) != STORE_OK)
		text_addf(warnings, "the server's status cannot be read: %s\n", memory);
}

/* --- the version ------------------------------------------------------------------------------- */

bool
mysql_forgets_counter(const char *version)
{
	unsigned major = 0, minor = 0, patch = 0;

	if (sscanf(version, "%u.%u.%u", &major, &minor, &patch) < 2)
		return false;
	if (strcasestr(version, "MariaDB") == NULL)
		return major < 8;
	if (major != 10)
		return major < 10;
	return minor < 2 || (minor == 2 && patch < 4);
}

static void
mysql_durable_read_version(void *arg, MYSQL_ROW row)
{
	if (row[0] != NULL)
		snprintf(arg, VERSION_SIZE, "%s", row[0]);
}

/* The counter layout has no AUTO_INCREMENT that the server could forget. */
static void
mysql_durable_warn_of_version(struct store_session *session, struct text *warnings)
{
	char version[VERSION_SIZE] = "", memory[256];
	struct text problem = TEXT_OVER(memory);

	if (session->layout == LAYOUT_COUNTER)
		return;
	if (mysql_session_query(session, "SELECT VERSION()", mysql_durable_read_version, version,
				&problem) != STORE_OK)
		text_addf(warnings, "the server's version cannot be read: %s\n", memory);
	else if (mysql_forgets_counter(version))
		text_addf(warnings,
			  "the server is %s, which forgets its counter when it restarts and "
			  "continues from the highest row: if that row was deleted, a crash of the "
			  "database may issue a ticket twice; upgrade to MySQL 8.0 or MariaDB "
			  "10.2.4\n",
			  version);
}

void
mysql_warn(struct store_session *session, struct text *warnings)
{
	if (strcasecmp(session->engine, "InnoDB") != 0)
		text_addf(warnings,
			  "the table `tickets` uses the engine %s: a crash of the database may "
			  "issue a ticket twice; stop tickrd, ALTER TABLE tickets ENGINE=InnoDB, "
			  "start it\n",
			  session->engine);
	mysql_durable_warn_of_variables(session, warnings);
	mysql_durable_warn_of_redo_log(session, warnings);
	mysql_durable_warn_of_version(session, warnings);
	/* The nodes of Galera agree about the row at each commit. Other masters do not. */
	if (session->layout == LAYOUT_COUNTER && !session->is_galera &&
	    session->steps.global_increment != 1)
		text_addf(warnings,
			  "auto_increment_increment is %" PRIu64
			  ": the table `tickets` has the counter layout, in which several "
			  "masters would each issue the same tickets; use one master and set it "
			  "to 1, or make a new database in the append layout\n",
			  session->steps.global_increment);
}

/* --- advice ------------------------------------------------------------------------------------ */

/* Find a global right that lets a user write to a read-only server, in the words of SHOW GRANTS. */
static void
mysql_durable_read_grant(void *found, MYSQL_ROW row)
{
	static const char *const rights[] = {"ALL PRIVILEGES", "SUPER", "READ_ONLY ADMIN",
					     "READ ONLY ADMIN", "CONNECTION_ADMIN"};
	const char *grant = row[0] != NULL ? row[0] : "";

	if (strstr(grant, " ON *.* ") == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(rights); i++)
		if (strstr(grant, rights[i]) != NULL)
			*(const char **)found = rights[i];
}

void
mysql_advise(struct store_session *session, struct text *advice)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	const char *right = NULL;

	if (mysql_session_query(session, "SHOW GRANTS", mysql_durable_read_grant, &right,
				&problem) != STORE_OK)
		text_addf(advice, "the rights of this user cannot be read: %s\n", memory);
	else if (right != NULL)
		text_addf(advice,
			  "the database's user has the right %s, with which it may write to a "
			  "server that was demoted (read_only): use a user with only the rights of "
			  "sql/privileges.sql\n",
			  right);
	if (mysql_is_row_by_row(session))
		text_add(advice,
			 "the table `tickets` has the stub layout on InnoDB: another program that "
			 "counts in it, such as the old Tickr, may issue the same tickets; stop it "
			 "before tickrd serves\n");
}
