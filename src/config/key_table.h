/*
 * key_table -- keys.h as data: loader.c reads the settings by it, and help.c prints it. Constant; any thread.
 */
#ifndef TICKR_CONFIG_KEY_TABLE_H
#define TICKR_CONFIG_KEY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum key_type {
	KEY_NUMBER,
	KEY_SECONDS,
	KEY_WHOLE_SECONDS,
	KEY_TEXT,
	KEY_SECRET,
	KEY_CHOICE,
};

/* A row of keys.h, which says what its columns mean. */
struct key {
	const char *variable;
	bool is_of_store; /* a STORE_KEY */
	enum key_type type;
	size_t offset; /* of the field in struct config; of a STORE_KEY 0 */
	const char *fallback;
	uint64_t least;
	uint64_t most;
	const char *allowed;
	const char *help;
};

extern const struct key key_table[];
extern const size_t key_count;

/* The key of VARIABLE; NULL: there is none. */
const struct key *key_find(const char *variable);

/* The variable whose name is closest to NAME by the number of letters to change. */
const struct key *key_nearest(const char *name);

/* Return how many letters must be changed, added or removed to turn A into B. */
size_t key_distance(const char *a, const char *b);

/* Whether KEY holds any text, and not a number or a word. */
bool key_is_text(const struct key *key);

/* Add the values that KEY takes to TEXT, in words. */
void key_describe(const struct key *key, struct text *text);

#endif
