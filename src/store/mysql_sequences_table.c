#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/mysql_look.h"
#include "store/mysql_sequences.h"

enum store_result
mysql_sequences_check_server(struct store_session *session, struct text *reason)
{
	enum store_result result = mysql_read_server(session, reason);

	if (result != STORE_OK)
		return result;
	if (session->is_galera) {
		text_add(reason,
			 "this server is a node of a Galera cluster, whose nodes would fail "
			 "each other's commits at the one row of the clock: named sequences "
			 "need a database with one master");
		return STORE_REFUSED;
	}
	if (mysql_query(&session->mysql, SEQUENCES_LOOK) != 0)
		return mysql_sequences_error(session, reason);
	return mysql_sequences_take_look(session, reason);
}

struct table_facts {
	char columns_memory[512];
	struct text columns;
	char engine[64], kind[64];
	bool is_partitioned;
	uint64_t unique_keys, triggers;
};

static void
mysql_sequences_table_read_column(void *arg, MYSQL_ROW row)
{
	struct table_facts *facts = arg;

	text_addf(&facts->columns, "%s%s", facts->columns.len > 0 ? ", " : "",
		  row[0] != NULL ? row[0] : "");
}

static void
mysql_sequences_table_read_table(void *arg, MYSQL_ROW row)
{
	struct table_facts *facts = arg;

	snprintf(facts->engine, sizeof(facts->engine), "%s", row[0] != NULL ? row[0] : "(none)");
	snprintf(facts->kind, sizeof(facts->kind), "%s", row[1] != NULL ? row[1] : "");
	facts->is_partitioned = row[2] != NULL && strstr(row[2], "partitioned") != NULL;
}

static void
mysql_sequences_table_read_unique(void *arg, MYSQL_ROW row)
{
	struct table_facts *facts = arg;
	bool is_primary = row[0] != NULL && strcmp(row[0], "PRIMARY name") == 0;

	facts->unique_keys += is_primary ? 1 : 2;
}

static void
mysql_sequences_table_read_trigger(void *arg, MYSQL_ROW row)
{
	struct table_facts *facts = arg;

	(void)row;
	facts->triggers++;
}

#define OF_TABLE(schema, table) " WHERE " schema " = DATABASE() AND " table " = 'tickr_sequences' "

static enum store_result
mysql_sequences_table_read_facts(struct store_session *session, struct table_facts *facts,
				 struct text *reason)
{
	static const struct {
		const char *sql;
		mysql_session_row_fn *read;
	} questions[] = {
		{"SELECT CONCAT(COLUMN_NAME, ' ', IF(DATA_TYPE = 'varbinary', "
		 "CONCAT('varbinary(', CHARACTER_MAXIMUM_LENGTH, ')'), DATA_TYPE)) FROM "
		 "information_schema.COLUMNS" OF_TABLE("TABLE_SCHEMA",
						       "TABLE_NAME") "ORDER BY ORDINAL_POSITION",
		 mysql_sequences_table_read_column},
		{"SELECT ENGINE, TABLE_TYPE, CREATE_OPTIONS FROM "
		 "information_schema.TABLES" OF_TABLE("TABLE_SCHEMA", "TABLE_NAME"),
		 mysql_sequences_table_read_table},
		{"SELECT CONCAT(INDEX_NAME, ' ', COLUMN_NAME) FROM "
		 "information_schema.STATISTICS" OF_TABLE("TABLE_SCHEMA",
							  "TABLE_NAME") "AND NON_UNIQUE = 0",
		 mysql_sequences_table_read_unique},
		{"SELECT TRIGGER_NAME FROM "
		 "information_schema.TRIGGERS" OF_TABLE("EVENT_OBJECT_SCHEMA",
							"EVENT_OBJECT_TABLE"),
		 mysql_sequences_table_read_trigger},
	};
	enum store_result result = STORE_OK;

	*facts = (struct table_facts){.engine = ""};
	facts->columns = TEXT_OVER(facts->columns_memory);
	for (size_t i = 0; i < ARRAY_LENGTH(questions) && result == STORE_OK; i++)
		result = mysql_session_query(session, questions[i].sql, questions[i].read, facts,
					     reason);
	return result;
}

/* As sql/sequences.sql makes them. */
#define TABLE_COLUMNS                                                                       \
	"name varbinary(255), newest bigint, revision bigint, raised bigint, seen bigint, " \
	"start bigint, most bigint, ordering tinyint, width tinyint, form tinyint, "        \
	"fingerprint bigint, retired tinyint, created timestamp"

enum store_result
mysql_sequences_check_table(struct store_session *session, bool *is_there, struct text *reason)
{
	struct table_facts facts;
	enum store_result result = mysql_sequences_table_read_facts(session, &facts, reason);

	*is_there = facts.columns.len > 0;
	if (result != STORE_OK || !*is_there)
		return result;
	if (strcmp(facts.kind, "BASE TABLE") != 0 || facts.is_partitioned)
		text_addf(reason, "`tickr_sequences` is %s, and must be a plain table: restore it",
			  facts.is_partitioned ? "partitioned" : facts.kind);
	else if (strcmp(facts.columns_memory, TABLE_COLUMNS) != 0 || facts.unique_keys != 1)
		text_addf(
			reason,
			"the table `tickr_sequences` has another shape than in sql/sequences.sql: "
			"restore it. Its columns are %s",
			facts.columns_memory);
	else if (strcasecmp(facts.engine, "InnoDB") != 0)
		text_addf(
			reason,
			"the table `tickr_sequences` uses the engine %s, and must use InnoDB: stop "
			"every tickrd, ALTER TABLE tickr_sequences ENGINE=InnoDB, start them",
			facts.engine);
	else if (facts.triggers > 0)
		text_add(reason, "the table `tickr_sequences` has a trigger, which may change its "
				 "numbers: drop it");
	else
		return STORE_OK;
	return STORE_REFUSED;
}

enum store_result
mysql_sequences_explain_no_clock(struct text *reason)
{
	text_add(reason,
		 "the table `tickr_sequences` has no row of the clock: restore the database. "
		 "If a createdb that was interrupted has left the table, DROP TABLE "
		 "tickr_sequences and run tickrd createdb --sequences again");
	return STORE_REFUSED;
}

enum store_result
mysql_sequences_check_clock(struct store_session *session, struct text *reason)
{
	uint64_t numbers[2];
	bool found;
	enum store_result result = mysql_session_numbers(
		session, "SELECT newest,raised FROM tickr_sequences WHERE name=" SEQUENCES_CLOCK,
		numbers, 2, &found, reason);

	return result == STORE_OK && !found ? mysql_sequences_explain_no_clock(reason) : result;
}
