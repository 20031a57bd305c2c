#include <string.h>

#include "reports/schema.h"

#define END_OF_STATEMENT ";\n"
#define INTERVAL	 " + INTERVAL "
#define DAYS		 " DAY DELETE"

/* Copy the word at TEXT, which ends before one of ENDS, to TO. */
static void
schema_copy_word(char to[SCHEMA_NAME_SIZE], const char *text, const char *ends)
{
	size_t len = strcspn(text, ends);

	if (len >= SCHEMA_NAME_SIZE)
		len = SCHEMA_NAME_SIZE - 1;
	memcpy(to, text, len);
	to[len] = '\0';
}

/* Return the first WORDS in the text of OBJECT; NULL: they are not there. */
static const char *
schema_find(const struct schema_object *object, const char *words)
{
	return memmem(object->text, object->len, words, strlen(words));
}

static void
schema_describe(struct schema_object *object)
{
	static const struct {
		const char *begin, *engine;
	} kinds[] = {
		{"CREATE MATERIALIZED VIEW ", "MaterializedView"},
		{"CREATE VIEW ", "View"},
		{"CREATE TABLE ", ""},
	};
	const char *engine = schema_find(object, "ENGINE = ");

	object->name[0] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		size_t len = strlen(kinds[i].begin);

		if (strncmp(object->text, kinds[i].begin, len) != 0)
			continue;
		schema_copy_word(object->name, object->text + len, " \n");
		strcpy(object->engine, kinds[i].engine);
		if (object->engine[0] == '\0' && engine != NULL)
			schema_copy_word(object->engine, engine + strlen("ENGINE = "), " \n;");
		return;
	}
}

bool
schema_next(const char **file, struct schema_object *object)
{
	const char *end;

	*file += strspn(*file, "\n");
	end = strstr(*file, END_OF_STATEMENT);
	if (end == NULL)
		return false;
	object->text = *file;
	object->len = (size_t)(end - *file);
	object->engine[0] = '\0';
	*file = end + strlen(END_OF_STATEMENT);
	schema_describe(object);
	return true;
}

/* Return the length of the type at TEXT, which ends at a blank or a comma outside of its parentheses. */
static size_t
schema_type_len(const char *text, const char *end)
{
	const char *at = text;
	unsigned depth = 0;

	for (; at < end && *at != '\n'; at++) {
		if (depth == 0 && (*at == ' ' || *at == ','))
			break;
		depth += *at == '(';
		depth -= *at == ')' && depth > 0;
	}
	return (size_t)(at - text);
}

bool
schema_next_column(const struct schema_object *object, const char **at,
		   struct schema_column *column)
{
	const char *end = object->text + object->len;
	const char *line = memchr(*at, '\n', (size_t)(end - *at));

	if (strncmp(object->text, "CREATE TABLE ", strlen("CREATE TABLE ")) != 0)
		return false;
	while (line != NULL && (line[1] == '(' || strncmp(line + 1, "    INDEX ", 10) == 0))
		line = memchr(line + 1, '\n', (size_t)(end - line - 1));
	if (line == NULL || line[1] != ' ')
		return false;
	column->name = line + 1 + strspn(line + 1, " ");
	column->name_len = strcspn(column->name, " \n");
	column->type = column->name + column->name_len;
	column->type += strspn(column->type, " ");
	column->type_len = schema_type_len(column->type, end);
	*at = column->type + column->type_len;
	return true;
}

/* --- retention ----------------------------------------------------------------------------------- */

/* Return the digits of OBJECT's retention in days; NULL: it has none. */
static const char *
schema_find_days(const struct schema_object *object)
{
	const char *interval = schema_find(object, INTERVAL);
	const char *digits = interval != NULL ? interval + strlen(INTERVAL) : NULL;

	if (digits == NULL ||
	    strncmp(digits + strspn(digits, "0123456789"), DAYS, strlen(DAYS)) != 0)
		return NULL;
	return digits;
}

unsigned
schema_days(const struct schema_object *object)
{
	const char *digits = schema_find_days(object);
	unsigned days = 0;

	for (; digits != NULL && *digits >= '0' && *digits <= '9'; digits++)
		days = days * 10 + (unsigned)(*digits - '0');
	return days;
}

void
schema_write(const struct schema_object *object, unsigned days, struct text *text)
{
	const char *digits = schema_find_days(object);
	const char *rest = object->text;

	if (days != 0 && digits != NULL) {
		text_add_bytes(text, rest, (size_t)(digits - rest));
		text_addf(text, "%u", days);
		rest = digits + strspn(digits, "0123456789");
	}
	text_add_bytes(text, rest, object->len - (size_t)(rest - object->text));
}

void
schema_write_ttl(const struct schema_object *object, unsigned days, struct text *text)
{
	const char *ttl = schema_find(object, "\nTTL ");
	const char *digits = schema_find_days(object);

	text_add_bytes(text, ttl + strlen("\nTTL "), (size_t)(digits - ttl) - strlen("\nTTL "));
	text_addf(text, "%u%s", days, DAYS);
}

bool
schema_engine_fits(const char *wanted, const char *engine)
{
	static const char *const others[] = {"", "Replicated", "Shared"};

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		size_t len = strlen(others[i]);

		if (strncmp(engine, others[i], len) == 0 && strcmp(engine + len, wanted) == 0)
			return true;
	}
	return false;
}
