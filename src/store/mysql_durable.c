#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/mysql_durable.h"

#define VERSION_SIZE 128

/* A setting and the values that are safe. */
struct setting {
	const char *name;
	const char *where;     /* when it matters, as SQL */
	uint64_t safe[2];      /* MariaDB's 3 for the log is safer than 1 yet */
	const char *otherwise; /* what may happen, and what to do */
};

static const struct setting settings[] = {
	{"innodb_flush_log_at_trx_commit",
	 "",
	 {1, 3},
	 "a crash of the database may give a ticket twice; set it to 1"},
	{"sync_binlog",
	 " FROM DUAL WHERE @@GLOBAL.log_bin = 1",
	 {1, 1},
	 "after a crash of the database a replica may be behind tickets that were given; set it "
	 "to 1"},
};

static void
warn_of_setting(struct store_session *session, const struct setting *setting, struct text *warnings)
{
	char sql[128], memory[256];
	struct text problem = TEXT_OVER(memory);
	uint64_t value = 0;
	bool found;

	snprintf(sql, sizeof(sql), "SELECT @@GLOBAL.%s%s", setting->name, setting->where);
	if (session_numbers(session, sql, &value, 1, &found, &problem) != STORE_OK)
		text_addf(warnings, "%s cannot be read: %s\n", setting->name, memory);
	else if (found && value != setting->safe[0] && value != setting->safe[1])
		text_addf(warnings, "%s is %" PRIu64 ": %s\n", setting->name, value,
			  setting->otherwise);
}

/* Of several masters; those of Galera agree on what each commit found in the row. */
static void
warn_of_masters(struct store_session *session, struct text *warnings)
{
	static const struct setting step = {
		"auto_increment_increment",
		"",
		{1, 1},
		"the table `tickets` has the counter layout, which knows no increment: several "
		"masters would each give the same tickets; let this be the only one and set it to "
		"1, or make a new database in the append layout"};

	if (session->layout == LAYOUT_COUNTER && !session->is_galera)
		warn_of_setting(session, &step, warnings);
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
	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++)
		warn_of_setting(session, &settings[i], warnings);
	warn_of_version(session, warnings);
	warn_of_masters(session, warnings);
}
