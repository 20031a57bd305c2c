#include <inttypes.h>
#include <string.h>

#include "config/config.h"
#include "config/key_table.h"

#define LONGEST_NAME 64

const struct key key_table[] = {
#define KEY(variable, field, type, fallback, least, most, allowed, help)              \
	{variable, KEY_##type, offsetof(struct config, field), fallback, least, most, \
	 allowed,  help},
#include "config/keys.h"
};

const size_t key_count = ARRAY_LENGTH(key_table);

/* Milliseconds as seconds, without needless zeros. */
static void
add_seconds(struct text *text, uint64_t ms)
{
	text_addf(text, "%g", (double)ms / 1000);
}

void
key_describe(const struct key *key, struct text *text)
{
	switch (key->type) {
	case KEY_NUMBER:
		text_addf(text, "a whole number from %" PRIu64 " to %" PRIu64, key->least,
			  key->most);
		break;
	case KEY_SECONDS:
	case KEY_WHOLE_SECONDS:
		text_add(text, key->type == KEY_SECONDS ? "seconds, up to three decimals, from "
							: "whole seconds from ");
		add_seconds(text, key->least);
		text_add(text, " to ");
		add_seconds(text, key->most);
		break;
	case KEY_CHOICE:
		text_add(text, "one of ");
		for (const char *at = key->allowed; *at != '\0'; at++)
			text_add_bytes(text, *at == '|' ? ", " : at, *at == '|' ? 2 : 1);
		break;
	case KEY_TEXT:
	case KEY_SECRET: text_add(text, key->allowed); break;
	}
}

/* Levenshtein's distance, one row at a time. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[LONGEST_NAME + 1];
	size_t b_len = strnlen(b, LONGEST_NAME);

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 0; i < LONGEST_NAME && a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_len; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (diagonal + 1 < best)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[b_len];
}

/* A name that was only begun is meant, however much of it is missing. */
static size_t
strangeness(const char *name, const char *variable)
{
	return strncmp(variable, name, strlen(name)) == 0 ? 0 : distance(name, variable);
}

const struct key *
key_nearest(const char *name)
{
	const struct key *nearest = &key_table[0];

	for (size_t i = 1; i < key_count; i++)
		if (strangeness(name, key_table[i].variable) < strangeness(name, nearest->variable))
			nearest = &key_table[i];
	return nearest;
}
