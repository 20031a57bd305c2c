#include <inttypes.h>
#include <string.h>

#include "config/config.h"
#include "config/key_table.h"
#include "store/drivers.h"

#define LONGEST_NAME 64

const struct key key_table[] = {
#define KEY(variable, field, type, fallback, least, most, allowed, help)                 \
	{variable, false,   KEY_##type, offsetof(struct config, field), fallback, least, \
	 most,	   allowed, help},
#define STORE_KEY(variable, type, fallback, least, most, allowed, help) \
	{variable, true, KEY_##type, 0, fallback, least, most, allowed, help},
#include "config/keys.h"
};

const size_t key_count = ARRAY_LENGTH(key_table);

const struct key *
key_find(const char *variable)
{
	for (size_t i = 0; i < key_count; i++)
		if (strcmp(key_table[i].variable, variable) == 0)
			return &key_table[i];
	return NULL;
}

/* Return Levenshtein's distance between A and B, one row of the matrix at a time. */
size_t
key_distance(const char *a, const char *b)
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

const struct key *
key_nearest(const char *name)
{
	const struct key *nearest = &key_table[0];
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < key_count; i++) {
		const char *variable = key_table[i].variable;
		/* The beginning of a variable means that variable, however many letters are missing. */
		bool is_beginning = strncmp(variable, name, strlen(name)) == 0;
		size_t distance = is_beginning ? 0 : key_distance(name, variable);

		if (distance >= least)
			continue;
		least = distance;
		nearest = &key_table[i];
	}
	return nearest;
}

bool
key_is_text(const struct key *key)
{
	return key->type == KEY_TEXT || key->type == KEY_SECRET;
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
		text_addf(text, "%s from %g to %g",
			  key->type == KEY_SECONDS ? "seconds, up to three decimals,"
						   : "whole seconds",
			  (double)key->least / 1000, (double)key->most / 1000);
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
