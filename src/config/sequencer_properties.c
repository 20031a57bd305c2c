#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/secret.h"
#include "config/sequencer_properties.h"
#include "store/wording.h"

#define FILE_SUFFIX "File"

/* Add a line about STORE to LINES. Parts of it come from the file, so replace control characters. */
static void PRINTF_LIKE(3, 0) sequencer_properties_add_line(struct text *lines, const char *store,
							    const char *format, va_list arguments)
{
	char memory[1280];
	struct text line = TEXT_OVER(memory);

	text_addf(&line, "TICKR_SEQUENCERS_FILE: store %s: ", store);
	text_vaddf(&line, format, arguments);
	for (char *c = memory; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	text_addf(lines, "%s\n", memory);
}

void
sequencer_complain(struct sequencer_reader *reader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sequencer_properties_add_line(reader->loader->problems, reader->sequencer->name, format,
				      arguments);
	va_end(arguments);
}

void
sequencer_warn(struct sequencer_reader *reader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sequencer_properties_add_line(reader->loader->warnings, reader->sequencer->name, format,
				      arguments);
	va_end(arguments);
}

/* --- reading ------------------------------------------------------------------------------------- */

/* Return the property NAME of the type, or the secret that NAME names a file for. NULL: there is none. */
static const struct store_property *
sequencer_properties_find(const struct store_type *type, const char *name, bool *is_file)
{
	size_t len = strlen(name), suffix = strlen(FILE_SUFFIX);

	*is_file = len > suffix && strcmp(name + len - suffix, FILE_SUFFIX) == 0;
	for (size_t i = 0; i < type->property_count; i++) {
		const struct store_property *property = &type->properties[i];

		if (strcmp(property->name, name) == 0) {
			*is_file = false;
			return property;
		}
		if (*is_file && property->is_secret && strlen(property->name) == len - suffix &&
		    strncmp(property->name, name, len - suffix) == 0)
			return property;
	}
	return NULL;
}

static const char *
sequencer_properties_nearest(const struct store_type *type, const char *name)
{
	const char *nearest = "keyPrefix";

	for (size_t i = 0; i < type->property_count; i++)
		if (key_distance(name, type->properties[i].name) < key_distance(name, nearest))
			nearest = type->properties[i].name;
	return nearest;
}

/* Warn of a property that no store of this type has, with the reason or the nearest one. */
static void
sequencer_properties_warn_of_unknown(struct sequencer_reader *reader, const char *name)
{
	const struct store_type *type = reader->sequencer->type;
	const char *reason = store_type_ignores(type, name);

	if (type->is_generated)
		sequencer_warn(
			reader,
			"\"%.64s\" is ignored: the settings of type snowflake are the variables "
			"TICKR_SNOWFLAKE_* and TICKR_COORDINATOR*",
			name);
	else if (reason != NULL)
		sequencer_warn(reader, "\"%.64s\" is ignored: %s", name, reason);
	else
		sequencer_warn(
			reader,
			"\"%.64s\" is not a property of type %s, and is ignored; did you mean "
			"%s?",
			name, type->name, sequencer_properties_nearest(type, name));
}

/* Return the text of VALUE, which the caller frees; NULL: it is no text, number or word. */
static char *
sequencer_properties_text(const json_t *value)
{
	char number[32];

	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "true" : "false");
	if (!json_is_integer(value))
		return NULL;
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	return xstrdup(number);
}

/* Keep VALUE, which it takes, of PROPERTY; or read the file that VALUE names. */
static void
sequencer_properties_keep(struct sequencer_reader *reader, const struct store_property *property,
			  bool is_file, char *value)
{
	char **place = &reader->values[property - reader->sequencer->type->properties];
	char variable[128];

	if (*place != NULL) {
		sequencer_complain(reader, "%s and %s" FILE_SUFFIX " are both set: set one of them",
				   property->name, property->name);
		xforget(value);
		return;
	}
	if (!is_file) {
		*place = value;
		return;
	}
	snprintf(variable, sizeof(variable), "TICKR_SEQUENCERS_FILE: store %s: %s",
		 reader->sequencer->name, property->name);
	*place = xstrdup("");
	secret_read(reader->loader, variable, value, 1, place);
	free(value);
}

/* Check VALUE of PROPERTY, which a variable of the server may have too, by the bounds of that variable. */
static void
sequencer_properties_check(struct sequencer_reader *reader, const struct store_property *property,
			   const char *value)
{
	const struct key *key = key_find(property->variable);
	char memory[256];
	struct text allowed = TEXT_OVER(memory);
	uint64_t number;

	if (key == NULL || loader_allows(key, value, &number))
		return;
	key_describe(key, &allowed);
	sequencer_complain(reader, "%s=%.64s is not allowed: it must be %s", property->name, value,
			   memory);
}

static void
sequencer_properties_check_all(struct sequencer_reader *reader)
{
	const struct store_type *type = reader->sequencer->type;

	for (size_t i = 0; i < type->property_count; i++) {
		if (reader->values[i] != NULL)
			sequencer_properties_check(reader, &type->properties[i], reader->values[i]);
		else if (type->properties[i].fallback == NULL)
			sequencer_complain(reader, "%s is missing: add it to metadata",
					   type->properties[i].name);
	}
}

void
sequencer_properties_read(struct sequencer_reader *reader)
{
	const char *name;
	json_t *value;

	reader->values =
		xcalloc(reader->sequencer->type->property_count + 1, sizeof(*reader->values));
	json_object_foreach((json_t *)reader->metadata, name, value)
	{
		bool is_file;
		const struct store_property *property =
			sequencer_properties_find(reader->sequencer->type, name, &is_file);
		char *text;

		if (strcmp(name, "keyPrefix") == 0)
			continue;
		if (property == NULL) {
			sequencer_properties_warn_of_unknown(reader, name);
			continue;
		}
		text = sequencer_properties_text(value);
		if (text == NULL)
			sequencer_complain(reader, "%s must be a string", name);
		else
			sequencer_properties_keep(reader, property, is_file, text);
	}
	sequencer_properties_check_all(reader);
}

/* --- what the store sees ------------------------------------------------------------------------- */

static size_t
sequencer_properties_index(const struct sequencer_reader *reader, const char *variable)
{
	const struct store_type *type = reader->sequencer->type;
	size_t i = 0;

	while (i < type->property_count && strcmp(type->properties[i].variable, variable) != 0)
		i++;
	return i;
}

static const char *
sequencer_properties_given_text(const struct store_given *given, const char *variable,
				size_t database)
{
	const struct sequencer_reader *reader =
		CONTAINER_OF(given, const struct sequencer_reader, given);
	size_t i = sequencer_properties_index(reader, variable);

	(void)database;
	if (i == reader->sequencer->type->property_count)
		return loader_text(reader->loader, variable);
	if (reader->values[i] != NULL)
		return reader->values[i];
	return reader->sequencer->type->properties[i].fallback != NULL
		       ? reader->sequencer->type->properties[i].fallback
		       : "";
}

static bool
sequencer_properties_given_is_set(const struct store_given *given, const char *variable)
{
	const struct sequencer_reader *reader =
		CONTAINER_OF(given, const struct sequencer_reader, given);
	size_t i = sequencer_properties_index(reader, variable);

	return i < reader->sequencer->type->property_count && reader->values[i] != NULL;
}

static void
sequencer_properties_given_refuse(const struct store_given *given, const char *variable,
				  const char *words)
{
	struct sequencer_reader *reader = CONTAINER_OF(given, struct sequencer_reader, given);
	size_t i = sequencer_properties_index(reader, variable);
	const struct store_property *property = &reader->sequencer->type->properties[i];

	if (i == reader->sequencer->type->property_count)
		sequencer_complain(reader, "%s is not allowed", variable);
	else if (reader->values[i] == NULL && property->fallback == NULL)
		return; /* that it is missing is reported already */
	else
		sequencer_complain(reader, "%s=%s is not allowed%s%s", property->name,
				   property->is_secret ? "(not shown)"
						       : given->text(given, variable, 0),
				   words != NULL ? ": " : "", words != NULL ? words : "");
}

void
sequencer_properties_parse(struct sequencer_reader *reader)
{
	char memory[2048], *rest = memory, *line;
	struct text problems = TEXT_OVER(memory);

	reader->given = (struct store_given){sequencer_properties_given_text,
					     sequencer_properties_given_is_set,
					     sequencer_properties_given_refuse, &problems};
	reader->sequencer->type->store->parse(&reader->given, &reader->sequencer->settings, 1);
	while ((line = strsep(&rest, "\n")) != NULL) {
		char named_memory[1024];
		struct text named = TEXT_OVER(named_memory);

		wording_add(reader->sequencer->type, NULL, line, &named);
		if (named.len > 0)
			sequencer_complain(reader, "%s", named_memory);
	}
}

void
sequencer_properties_forget(struct sequencer_reader *reader)
{
	for (size_t i = 0; i < reader->sequencer->type->property_count; i++)
		xforget(reader->values[i]);
	free(reader->values);
}
