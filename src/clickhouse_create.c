/*
 * DESIGN. The files of sql/clickhouse/ are the only description of the tables. This command makes each of their objects
 * that is missing. Of a table that is there, it compares the columns with those of the file. More columns than these do
 * no harm: statements that insert name theirs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "sql.h"

#include "base/clock.h"
#include "base/parse.h"
#include "clickhouse_ask.h"
#include "clickhouse_create.h"
#include "remote/clickhouse.h"
#include "reports/answer.h"
#include "reports/schema.h"

#define PROBLEM_SIZE   1024
#define STATEMENT_SIZE 8192
#define DEADLINE_MS    30000
#define MOST_ANSWER    (1 << 20)
#define MOST_DAYS      3650 /* later dates would pass the end of ClickHouse's DateTime */
#define EXIT_NOT_DONE  1
#define WITH_TYPES     " FORMAT TabSeparatedWithNamesAndTypes"

static const struct {
	const char *name;
	const char *file;
} kept[KEPT_COUNT] = {
	[KEPT_EVENTS] = {"events", sql_clickhouse_events},
	[KEPT_METRICS] = {"metrics", sql_clickhouse_metrics},
	[KEPT_DRIFT] = {"drift", sql_clickhouse_drift},
	[KEPT_OVERFLOW] = {"overflow", sql_clickhouse_overflow},
};

struct creation {
	struct clickhouse *clickhouse;
	const char *database;
	bool is_complete; /* all objects are there, in their shape */
};

/* --- the command line ---------------------------------------------------------------------------- */

/* Read one part of --ttl, such as events=90. */
static bool
clickhouse_create_take_part(struct clickhouse_create *create, const char *part, size_t len)
{
	for (size_t i = 0; i < KEPT_COUNT; i++) {
		size_t name_len = strlen(kept[i].name);
		uint64_t days;

		if (len <= name_len || strncmp(part, kept[i].name, name_len) != 0 ||
		    part[name_len] != '=')
			continue;
		if (!parse_number(part + name_len + 1, len - name_len - 1, MOST_DAYS, &days) ||
		    days == 0)
			return false;
		create->days[i] = (unsigned)days;
		return true;
	}
	return false;
}

bool
clickhouse_create_take_ttl(struct clickhouse_create *create, const char *value)
{
	const char *part = value;

	for (;;) {
		size_t len = strcspn(part, ",");

		if (!clickhouse_create_take_part(create, part, len)) {
			fprintf(stderr,
				"tickrd: --ttl takes the days that rows are kept, 1 to %d: "
				"events=90,metrics=365,drift=180,overflow=180 or some "
				"of "
				"these, not %s\n",
				MOST_DAYS, value);
			return false;
		}
		if (part[len] == '\0')
			return true;
		part += len + 1;
	}
}

/* --- statements ---------------------------------------------------------------------------------- */

struct clickhouse *
clickhouse_create_client(const struct config *config)
{
	struct clickhouse_settings settings = {
		.url = &config->clickhouse,
		.username = config->clickhouse_username,
		.password = config->clickhouse_password,
		.ca_file = config->clickhouse_ssl_ca,
	};

	if (config->clickhouse_url[0] == '\0') {
		fputs("tickrd: TICKR_CLICKHOUSE_URL is not set: set it to the address of a "
		      "ClickHouse and a database, such as http://stats.example:8123/tickr\n",
		      stderr);
		return NULL;
	}
	return clickhouse_new(&settings);
}

/* Run TEXT. False: PROBLEM says why not. */
static bool
clickhouse_create_do(struct creation *creation, const char *text, bool has_no_database,
		     struct text *problem)
{
	struct clickhouse_statement statement = {
		.text = text,
		.has_no_database = has_no_database,
		.deadline_ms = clock_ms() + DEADLINE_MS,
		.most_answer = MOST_ANSWER,
	};
	struct web_answer answer;
	unsigned code;

	if (!clickhouse_run(creation->clickhouse, &statement, &answer, &code, problem))
		return false;
	web_answer_free(&answer);
	return true;
}

/*
 * Run TEXT, a SELECT with the parameter {name:String}, and read its answer. True: the caller releases ANSWER and WEB.
 * False: PROBLEM says why not, and there are neither.
 */
static bool
clickhouse_create_ask(struct creation *creation, const char *text, const char *name,
		      struct answer *answer, struct web_answer *web, struct text *problem)
{
	struct clickhouse_parameter parameters[] = {{"param_name", name}, {NULL, NULL}};
	struct clickhouse_statement statement = {
		.text = text,
		.parameters = parameters,
		.has_no_database = true,
		.deadline_ms = clock_ms() + DEADLINE_MS,
		.most_answer = MOST_ANSWER,
	};

	return clickhouse_ask(creation->clickhouse, &statement, answer, web, problem);
}

/* --- one object ---------------------------------------------------------------------------------- */

static void
clickhouse_create_fail(struct creation *creation, const char *name, const char *problem)
{
	creation->is_complete = false;
	fflush(stdout);
	fprintf(stderr, "tickrd: %s: %s\n", name, problem);
}

/* Return the type of the column NAME in ANSWER, which has names and types; NULL: it has none. */
static const char *
clickhouse_create_type(const struct answer *answer, const struct schema_column *column)
{
	for (size_t i = 0; i < answer->rows; i++) {
		const char *name = answer->cells[i * answer->columns];

		if (name != NULL && strlen(name) == column->name_len &&
		    memcmp(name, column->name, column->name_len) == 0)
			return answer->cells[i * answer->columns + 1];
	}
	return NULL;
}

/* Return whether the columns in ANSWER include those of OBJECT. If not, PROBLEM names the first that differs. */
static bool
clickhouse_create_columns_fit(const struct schema_object *object, const struct answer *answer,
			      struct text *problem)
{
	const char *at = object->text;
	struct schema_column column;

	while (schema_next_column(object, &at, &column)) {
		const char *type = clickhouse_create_type(answer, &column);
		int name_len = (int)column.name_len, type_len = (int)column.type_len;

		if (type == NULL) {
			text_addf(problem, "the column %.*s is missing", name_len, column.name);
			return false;
		}
		if (strlen(type) != column.type_len ||
		    memcmp(type, column.type, column.type_len) != 0) {
			text_addf(problem, "the column %.*s has the type %s, not %.*s", name_len,
				  column.name, type, type_len, column.type);
			return false;
		}
	}
	return true;
}

/* Return whether the object that is there has the ENGINE and the columns of OBJECT. If not, PROBLEM says why. */
static bool
clickhouse_create_fits(struct creation *creation, const struct schema_object *object,
		       const char *engine, struct text *problem)
{
	char text[512];
	struct text statement = TEXT_OVER(text);
	struct web_answer web;
	struct answer answer;
	bool is_fit;

	if (!schema_engine_fits(object->engine, engine)) {
		text_addf(problem, "its engine is %s, not %s", engine, object->engine);
		return false;
	}
	text_addf(&statement,
		  "SELECT name, type FROM system.columns WHERE database = '%s' AND table = "
		  "{name:String}" WITH_TYPES,
		  creation->database);
	if (!clickhouse_create_ask(creation, text, object->name, &answer, &web, problem))
		return false;
	is_fit = clickhouse_create_columns_fit(object, &answer, problem);
	answer_free(&answer);
	web_answer_free(&web);
	return is_fit;
}

/* Return the days in ENGINE_FULL of system.tables; 0: the retention is not in days, or there is none. */
static unsigned
clickhouse_create_days(const char *engine_full)
{
	static const char begin[] = "toIntervalDay(";
	const char *at = strstr(engine_full, begin);

	return at != NULL ? (unsigned)strtoul(at + strlen(begin), NULL, 10) : 0;
}

/* Set the retention of OBJECT, a table that is there with DAYS, to WANTED days, if that is another. */
static void
clickhouse_create_keep(struct creation *creation, const struct schema_object *object, unsigned days,
		       unsigned wanted)
{
	char problem_memory[PROBLEM_SIZE], text[512];
	struct text problem = TEXT_OVER(problem_memory);
	struct text statement = TEXT_OVER(text);

	if (schema_days(object) == 0 || wanted == 0 || wanted == days) {
		printf("is there  %s", object->name);
		printf(days != 0 ? ", rows are kept %u days\n" : "\n", days);
		return;
	}
	text_addf(&statement, "ALTER TABLE %s MODIFY TTL ", object->name);
	schema_write_ttl(object, wanted, &statement);
	if (clickhouse_create_do(creation, text, false, &problem))
		printf("changed   %s, rows are kept %u days, not %u\n", object->name, wanted, days);
	else
		clickhouse_create_fail(creation, object->name, problem_memory);
}

static void
clickhouse_create_make(struct creation *creation, const struct schema_object *object,
		       unsigned wanted)
{
	char problem_memory[PROBLEM_SIZE], text[STATEMENT_SIZE];
	struct text problem = TEXT_OVER(problem_memory);
	struct text statement = TEXT_OVER(text);
	unsigned days = schema_days(object);

	if (days != 0 && wanted != 0)
		days = wanted;
	schema_write(object, days, &statement);
	if (!clickhouse_create_do(creation, text, false, &problem)) {
		clickhouse_create_fail(creation, object->name, problem_memory);
		return;
	}
	printf("made      %s", object->name);
	printf(days != 0 ? ", rows are kept %u days\n" : "\n", days);
}

/* Make OBJECT, or compare it with the one that is there. WANTED: days of its retention; 0: those of the file. */
static void
clickhouse_create_object(struct creation *creation, const struct schema_object *object,
			 unsigned wanted)
{
	char problem_memory[PROBLEM_SIZE], text[512];
	struct text problem = TEXT_OVER(problem_memory);
	struct text statement = TEXT_OVER(text);
	struct web_answer web;
	struct answer answer;
	const char *engine_full;

	text_addf(&statement,
		  "SELECT engine, engine_full FROM system.tables WHERE database = '%s' AND name = "
		  "{name:String}" WITH_TYPES,
		  creation->database);
	if (!clickhouse_create_ask(creation, text, object->name, &answer, &web, &problem)) {
		clickhouse_create_fail(creation, object->name, problem_memory);
		return;
	}
	if (answer.rows == 0)
		clickhouse_create_make(creation, object, wanted);
	else if (answer.columns != 2 || answer.cells[0] == NULL || answer.cells[1] == NULL)
		clickhouse_create_fail(creation, object->name,
				       "ClickHouse's answer is not a table");
	else if (!clickhouse_create_fits(creation, object, answer.cells[0], &problem)) {
		text_add(&problem, ": left alone. Rename it, and run this command again");
		clickhouse_create_fail(creation, object->name, problem_memory);
	} else {
		engine_full = answer.cells[1];
		clickhouse_create_keep(creation, object, clickhouse_create_days(engine_full),
				       wanted);
	}
	answer_free(&answer);
	web_answer_free(&web);
}

/* --- all of them --------------------------------------------------------------------------------- */

/* Make the database if it is missing. A user without the right to make one may have one. */
static bool
clickhouse_create_database(struct creation *creation, struct text *problem)
{
	char text[256];
	struct text statement = TEXT_OVER(text);
	struct web_answer web;
	struct answer answer;
	bool is_there;

	if (!clickhouse_create_ask(
		    creation,
		    "SELECT name FROM system.databases WHERE name = {name:String}" WITH_TYPES,
		    creation->database, &answer, &web, problem))
		return false;
	is_there = answer.rows > 0;
	answer_free(&answer);
	web_answer_free(&web);
	if (is_there)
		return true;
	text_addf(&statement, "CREATE DATABASE `%s`", creation->database);
	if (!clickhouse_create_do(creation, text, true, problem))
		return false;
	printf("made      the database %s\n", creation->database);
	return true;
}

int
clickhouse_create_run(const struct config *config, const struct clickhouse_create *create)
{
	struct creation creation = {
		.clickhouse = clickhouse_create_client(config),
		.database = config->clickhouse.database,
		.is_complete = true,
	};
	char problem_memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(problem_memory);

	if (creation.clickhouse == NULL)
		return EX_CONFIG;
	if (!clickhouse_create_database(&creation, &problem)) {
		fprintf(stderr, "tickrd: %s\n", problem_memory);
		clickhouse_free(creation.clickhouse);
		return EX_UNAVAILABLE;
	}
	for (size_t i = 0; i < KEPT_COUNT; i++) {
		const char *file = kept[i].file;
		struct schema_object object;

		while (schema_next(&file, &object))
			clickhouse_create_object(&creation, &object, create->days[i]);
	}
	clickhouse_free(creation.clickhouse);
	return creation.is_complete ? 0 : EXIT_NOT_DONE;
}
