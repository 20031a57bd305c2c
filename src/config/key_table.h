/*
 * key_table -- keys.h as data: what config.c reads by and help.c prints. Constant; any thread.
 */
#ifndef TICKR_CONFIG_KEY_TABLE_H
#define TICKR_CONFIG_KEY_TABLE_H

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

struct key {
	const char *variable;
	enum key_type type;
	size_t offset; /* of the field in struct config */
	const char *fallback;
	uint64_t least;
	uint64_t most;
	const char *allowed;
	const char *help;
};

extern const struct key key_table[];
extern const size_t key_count;

/* What values KEY takes, in words. */
void key_describe(const struct key *key, struct text *text);

/* The variable whose name is closest to NAME by the number of letters to change. */
const struct key *key_nearest(const char *name);

#endif
