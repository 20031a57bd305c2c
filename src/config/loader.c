#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "config/loader.h"
#include "config/stray.h"

#define MOST_SHOWN 200 /* bytes of a bad value */

static const struct key *
loader_key(const char *variable)
{
	const struct key *key = key_find(variable);

	assert(key != NULL);
	return key;
}

bool
loader_is_set(const struct loader *loader, const char *variable)
{
	const char *value = loader->values[loader_key(variable) - key_table];

	return value != NULL && value[0] != '\0';
}

const char *
loader_text(const struct loader *loader, const char *variable)
{
	const struct key *key = loader_key(variable);

	if (loader_is_set(loader, variable))
		return loader->values[key - key_table];
	return key->fallback != NULL ? key->fallback : "";
}

void
loader_add_problem(struct loader *loader, const char *variable, const char *value)
{
	const struct key *key = loader_key(variable);
	const char *stray = value != NULL ? stray_bytes(value, strlen(value)) : NULL;

	text_add(loader->problems, variable);
	if (value == NULL) {
		text_add(loader->problems, " is not set: it must be ");
	} else {
		text_add(loader->problems, "=");
		if (key->type == KEY_SECRET)
			text_add(loader->problems, "(not shown)");
		else
			text_add_quoted(loader->problems, value, MOST_SHOWN);
		text_add(loader->problems, " is not allowed: it must be ");
	}
	key_describe(key, loader->problems);
	text_addf(loader->problems, " (%s)", key->help);
	if (stray != NULL)
		text_addf(loader->problems, "; the value %s", stray);
	text_add(loader->problems, "\n");
}

/* --- one value ------------------------------------------------------------------------------- */

/* Find VALUE among WORDS, which a | separates. */
static bool
loader_parse_choice(const char *words, const char *value, uint64_t *choice)
{
	size_t len = strlen(value);

	for (*choice = 0;; ++*choice) {
		size_t word_len = strcspn(words, "|");

		if (word_len == len && strncmp(words, value, len) == 0)
			return true;
		if (words[word_len] == '\0')
			return false;
		words += word_len + 1;
	}
}

bool
loader_allows(const struct key *key, const char *value, uint64_t *number)
{
	switch (key->type) {
	case KEY_NUMBER:
		return parse_number(value, strlen(value), key->most, number) &&
		       *number >= key->least;
	case KEY_SECONDS: return parse_seconds(value, key->most, number) && *number >= key->least;
	case KEY_WHOLE_SECONDS:
		return parse_seconds(value, key->most, number) && *number >= key->least &&
		       *number % 1000 == 0;
	case KEY_CHOICE: return loader_parse_choice(key->allowed, value, number);
	case KEY_TEXT:
	case KEY_SECRET: break;
	}
	return true;
}

static void
loader_set_field(struct config *config, const struct key *key, const char *value, uint64_t number)
{
	void *field = (char *)config + key->offset;

	if (key->is_of_store)
		return;
	if (key_is_text(key))
		*(char **)field = xstrdup(value);
	else if (key->type == KEY_CHOICE)
		*(unsigned *)field = (unsigned)number;
	else
		*(uint64_t *)field = number;
}

void
loader_load(struct loader *loader, const struct key *key)
{
	char **value = &loader->values[key - key_table];
	uint64_t number = 0;
	const char *stray;

	if (*value == NULL) {
		if (key->fallback == NULL && !loader->is_file_bad && !loader->config->is_snowflake)
			loader_add_problem(loader, key->variable, NULL);
		/* A number without a default is derived later. */
		if (key->fallback != NULL && (key_is_text(key) || key->fallback[0] != '\0'))
			(void)!loader_allows(key, key->fallback, &number);
		loader_set_field(loader->config, key, key->fallback != NULL ? key->fallback : "",
				 number);
		return;
	}
	if (loader_allows(key, *value, &number)) {
		/* A text may have any bytes, but some of them are nearly always a mistake. */
		stray = key_is_text(key) ? stray_bytes(*value, strlen(*value)) : NULL;
		if (stray != NULL)
			text_addf(loader->warnings,
				  "%s %s, and tickrd takes it as a part of the %s\n", key->variable,
				  stray, key->type == KEY_SECRET ? "password" : "value");
		loader_set_field(loader->config, key, *value, number);
		return;
	}
	loader_add_problem(loader, key->variable, *value);
	xforget(*value);
	*value = NULL;
}
