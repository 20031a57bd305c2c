/*
 * schema -- reads the statements of sql/clickhouse/, to compare them with the tables that are there. Pure; any thread.
 */
#ifndef TICKR_REPORTS_SCHEMA_H
#define TICKR_REPORTS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"

#define SCHEMA_NAME_SIZE 64

struct schema_object {
	const char *text; /* the statement: LEN bytes of the file, without the semicolon */
	size_t len;
	char name[SCHEMA_NAME_SIZE];
	char engine[SCHEMA_NAME_SIZE]; /* as system.tables names it */
};

/* Move *FILE past its next statement, and describe it in OBJECT. False: there is none. */
bool schema_next(const char **file, struct schema_object *object) MUST_CHECK;

struct schema_column {
	const char *name; /* NAME_LEN bytes of the statement */
	size_t name_len;
	const char *type; /* TYPE_LEN bytes, as system.columns writes it */
	size_t type_len;
};

/* Move *AT, which begins as the text of OBJECT, past its next column. False: there is none, as in a view. */
bool schema_next_column(const struct schema_object *object, const char **at,
			struct schema_column *column) MUST_CHECK;

/* Return the retention of OBJECT in days; 0: its file has another unit, or none. */
unsigned schema_days(const struct schema_object *object);

/* Add the statement of OBJECT to TEXT, with a retention of DAYS; 0: that of the file. */
void schema_write(const struct schema_object *object, unsigned days, struct text *text);

/* Add the expression of the retention of OBJECT to TEXT, with DAYS. OBJECT has one in days. */
void schema_write_ttl(const struct schema_object *object, unsigned days, struct text *text);

/* Return whether ENGINE of a table that is there does the work of WANTED: the same, replicated or shared. */
bool schema_engine_fits(const char *wanted, const char *engine) MUST_CHECK;

#endif
