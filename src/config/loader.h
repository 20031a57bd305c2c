/*
 * loader -- the variables while they are loaded: their values as text, and the mistakes in them.
 *
 * Main thread. config.c loads in this order: given.c finds the values; the loader checks each of them and
 * keeps it in struct config; deal.c and config.c check those that depend on each other.
 */
#ifndef TICKR_CONFIG_LOADER_H
#define TICKR_CONFIG_LOADER_H

#include <stdbool.h>

#include "config/config.h"
#include "config/key_table.h"

struct loader {
	struct config *config;
	char **values;	  /* by the index of the key; NULL: not set, or not allowed */
	bool is_file_bad; /* it was not read in full, so a variable that seems missing may be in it */
	struct text *problems;
	struct text *warnings;
};

/* Check the value of KEY by its bounds, and keep it, or its default, in the field that KEY has. */
void loader_load(struct loader *loader, const struct key *key);

/* Return whether KEY allows VALUE. *NUMBER is its number, its milliseconds or the index of its word. */
bool loader_allows(const struct key *key, const char *value, uint64_t *number) MUST_CHECK;

/* The value of VARIABLE, which is in the table; its default, if it is not set. Never NULL. */
const char *loader_text(const struct loader *loader, const char *variable);

/* Whether VARIABLE, which is in the table, is set and not empty. */
bool loader_is_set(const struct loader *loader, const char *variable);

/* Report that VALUE (NULL: none) of VARIABLE, which is in the table, is not allowed. */
void loader_add_problem(struct loader *loader, const char *variable, const char *value);

#endif
