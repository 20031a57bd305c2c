#include <string.h>

#include "store/wording.h"

#define CREATEDB	   "tickrd createdb"
#define CREATEDB_SEQUENCES "tickrd createdb --sequences"

/* Return the LEN of the variable of a property that WORDS begin with, and its property; NULL: they begin with none. */
static const struct store_property *
wording_property(const struct store_type *type, const char *words, size_t *len)
{
	for (size_t i = 0; i < type->property_count; i++) {
		*len = strlen(type->properties[i].variable);
		if (strncmp(words, type->properties[i].variable, *len) == 0)
			return &type->properties[i];
	}
	return NULL;
}

/* Return the length of the command that makes a table, if WORDS begin with it; 0: they do not. */
static size_t
wording_command(const char *words)
{
	if (strncmp(words, CREATEDB_SEQUENCES, strlen(CREATEDB_SEQUENCES)) == 0)
		return strlen(CREATEDB_SEQUENCES);
	return strncmp(words, CREATEDB, strlen(CREATEDB)) == 0 ? strlen(CREATEDB) : 0;
}

void
wording_add(const struct store_type *type, const char *name, const char *words, struct text *text)
{
	while (*words != '\0') {
		const struct store_property *property;
		size_t len = name != NULL ? wording_command(words) : 0;

		if (len > 0)
			text_addf(text, CREATEDB " --store %s", name);
		else if ((property = wording_property(type, words, &len)) != NULL)
			text_add(text, property->name);
		else
			text_add_bytes(text, words, len = 1);
		words += len;
	}
}

enum store_result
wording_open(const struct store *store, const struct store_settings *settings,
	     struct store_session **session, struct text *reason)
{
	char memory[1024];
	struct text words = TEXT_OVER(memory);
	enum store_result result;

	if (settings->type == NULL)
		return store->open(settings, session, reason);
	result = store->open(settings, session, &words);
	wording_add(settings->type, settings->sequencer, memory, reason);
	return result;
}
