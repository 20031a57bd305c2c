#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/mysql_durable.h"

#define VERSION_SIZE 128

/* Of MySQL 8.0.21 and later; a status, no variable. */
#define REDO_LOG_STATUS "Innodb_redo_log_enabled"

/* A variable of the server, the values that are safe, and what may happen with others. */
struct setting {
	const char *name;
	const char *safe[5]; /* as SHOW VARIABLES prints them; NULL after the last */
	const char *otherwise;
};

/* MariaDB's 3 for the log is safer than 1 yet. A server that has not a variable says nothing of it. */
static const struct setting settings[] = {
	{"innodb_flush_log_at_trx_commit",
	 {"1", "3"},
	 "a crash of the database may give a ticket twice; set it to 1"},
	{"innodb_doublewrite",
	 {"ON", "1", "DETECT_AND_RECOVER", "fast"},
	 "a crash of the database may leave a page half-written, and with it the counter; set it "
	 "to "
	 "ON"},
	{"debug_no_sync",
	 {"OFF", "0"},
	 "nothing is flushed to the disk, and a crash of the machine may issue a ticket twice; set "
	 "it to OFF"},
	{REDO_LOG_STATUS,
	 {"ON"},
	 "the redo log of InnoDB is disabled, and a crash of the database loses its tables; run "
	 "ALTER INSTANCE ENABLE INNODB REDO_LOG"},
};

/* These, unlike O_DIRECT_NO_FSYNC, leave out the flush that makes the log durable. */
static const char *const unsafe_flushes[] = {"nosync", "littlesync"};

struct variables {
	bool is_binlog;
	char sync_binlog[24];
	struct text *warnings;
};

static void
warn_of_value(const char *name, const char *value, const char *otherwise, struct text *warnings)
{
	text_addf(warnings, "%s is %s: %s\n", name, value, otherwise);
}

static void
check_setting(const struct setting *setting, const char *value, struct text *warnings)
{
	for (size_t i = 0; i < ARRAY_LENGTH(setting->safe) && setting->safe[i] != NULL; i++)
		if (strcasecmp(value, setting->safe[i]) == 0)
			return;
	warn_of_value(setting->name, value, setting->otherwise, warnings);
}

static void
check_flush_method(const char *value, struct text *warnings)
{
	for (size_t i = 0; i < ARRAY_LENGTH(unsafe_flushes); i++)
		if (strcasecmp(value, unsafe_flushes[i]) == 0)
			warn_of_value("innodb_flush_method", value,
				      "a crash of the machine may issue a ticket twice; set it to "
				      "fsync or O_DIRECT",
				      warnings);
}

void
mysql_judge_setting(const char *name, const char *value, struct text *warnings)
{
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++)
		if (strcasecmp(name, settings[i].name) == 0)
			check_setting(&settings[i], value, warnings);
	if (strcasecmp(name, "innodb_flush_method") == 0)
		check_flush_method(value, warnings);
}

static void
read_variable(void *arg, MYSQL_ROW row)
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
warn_of_variables(struct store_session *session, struct text *warnings)
{
	static const char sql[] =
		"SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', "
		"'innodb_doublewrite', 'debug_no_sync', 'innodb_flush_method', 'log_bin', "
		"'sync_binlog')";
	struct variables variables = {.warnings = warnings};
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	if (session_query(session, sql, read_variable, &variables, &problem) != STORE_OK)
		text_addf(warnings, "the server's settings cannot be read: %s\n", memory);
	else if (variables.is_binlog && strcmp(variables.sync_binlog, "1") != 0)
		warn_of_value("sync_binlog", variables.sync_binlog,
			      "after a crash of the database a replica may be behind tickets that "
			      "were given; set it to 1",
			      warnings);
}

static void
read_status(void *warnings, MYSQL_ROW row)
{
	mysql_judge_setting(row[0], row[1] != NULL ? row[1] : "", warnings);
}

/* MySQL 8: ALTER INSTANCE DISABLE INNODB REDO_LOG. Other servers do not know this status. */
static void
warn_of_redo_log(struct store_session *session, struct text *warnings)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	if (session_query(session, "SHOW GLOBAL STATUS LIKE '" REDO_LOG_STATUS "'", read_status,
			  warnings, &problem) != STORE_OK)
		text_addf(warnings, "the server's status cannot be read: %s\n", memory);
}

/* Of several masters; those of Galera agree on what each commit found in the row. */
static void
warn_of_masters(const struct store_session *session, struct text *warnings)
{
	if (session->layout != LAYOUT_COUNTER || session->is_galera ||
	    session->steps.global_increment == 1)
		return;
	text_addf(
		warnings,
		"auto_increment_increment is %" PRIu64
		": the table `tickets` has the counter layout, which knows no increment: several "
		"masters would each give the same tickets; let this be the only one and set it to "
		"1, or make a new database in the append layout\n",
		session->steps.global_increment);
}

static void
warn_of_engine(const struct store_session *session, struct text *warnings)
{
	if (strcasecmp(session->engine, "InnoDB") == 0)
		return;
	text_addf(warnings,
		  "the table `tickets` uses the engine %s: a crash of the database may give a "
		  "ticket twice; stop tickrd, ALTER TABLE tickets ENGINE=InnoDB, start it\n",
		  session->engine);
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
read_version(void *arg, MYSQL_ROW row)
{
	if (row[0] != NULL)
		snprintf(arg, VERSION_SIZE, "%s", row[0]);
}

/* In the counter layout there is no AUTO_INCREMENT to be forgotten. */
static void
warn_of_version(struct store_session *session, struct text *warnings)
{
	char version[VERSION_SIZE] = "", memory[256];
	struct text problem = TEXT_OVER(memory);

	if (session->layout == LAYOUT_COUNTER)
		return;
	if (session_query(session, "SELECT VERSION()", read_version, version, &problem) != STORE_OK)
		text_addf(warnings, "the server's version cannot be read: %s\n", memory);
	else if (mysql_forgets_counter(version))
		text_addf(warnings,
			  "the server is %s, which forgets its counter when it restarts and goes "
			  "on from the highest row: if that was deleted a crash of the database "
			  "may give a ticket twice; upgrade to MySQL 8.0 or MariaDB 10.2.4\n",
			  version);
}

void
mysql_warn(struct store_session *session, struct text *warnings)
{
	warn_of_engine(session, warnings);
	warn_of_variables(session, warnings);
	warn_of_redo_log(session, warnings);
	warn_of_version(session, warnings);
	warn_of_masters(session, warnings);
}

/* --- advice ------------------------------------------------------------------------------------ */

/* Global rights with which a user writes to a server that is read-only, in the words of SHOW GRANTS. */
static void
read_grant(void *found, MYSQL_ROW row)
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

static void
advise_on_user(struct store_session *session, struct text *advice)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	const char *right = NULL;

	if (session_query(session, "SHOW GRANTS", read_grant, &right, &problem) != STORE_OK)
		text_addf(advice, "the rights of this user cannot be read: %s\n", memory);
	else if (right != NULL)
		text_addf(advice,
			  "the database's user has the right %s, with which it may write to a "
			  "server that was demoted (read_only): serve as a user with the rights of "
			  "sql/privileges.sql and no others\n",
			  right);
}

void
mysql_advise(struct store_session *session, struct text *advice)
{
	advise_on_user(session, advice);
	if (session->layout == LAYOUT_STUB && !session->has_table_locks)
		text_add(advice,
			 "the table `tickets` has the stub layout on InnoDB: another program that "
			 "counts in it, such as the old Tickr, may issue the same tickets; stop it "
			 "before tickrd serves\n");
}
