/*
 * types -- the types of stores in TICKR_SEQUENCERS_FILE, and the properties of each. Pure; any thread.
 *
 * To add a type, write its struct store, with parse(). Then add its properties, and a line to the table in types.c.
 * parse() asks for the variables of the properties, with the database number 0.
 */
#ifndef TICKR_STORE_TYPES_H
#define TICKR_STORE_TYPES_H

#include "store/store.h"

struct store_property {
	const char *name;     /* in the metadata of the file */
	const char *variable; /* parse() asks for the value by this */
	const char *fallback; /* if the file has no value; NULL: it must have one */
	bool is_secret;	      /* never shown; the property NAMEFile may name a file that holds it */
};

struct store_type {
	const char *name; /* in the file */
	const struct store *
		store; /* parse, forget, begin, end; NULL: this tickrd was built without it, or IS_GENERATED */
	const struct store_property *properties;
	size_t property_count;
	/* All nodes use the same numbers, which are plain: 1, 2, 3. False: each node has its own ids. */
	bool is_shared;
	bool forgets;	   /* it begins at 1 again with each start */
	bool is_generated; /* the server's Snowflake generator makes the ids: STORE is NULL */
};

/* Return the type NAME; NULL: there is none. */
const struct store_type *store_type_find(const char *name) MUST_CHECK;

/* Return the store of the named sequences of TYPE, which was built. */
const struct store *store_type_sequences(const struct store_type *type) MUST_CHECK;

/*
 * Return why TYPE ignores NAME, a property that Layotto has and no one of TYPE's; NULL: Layotto has none of this name
 * either.
 */
const char *store_type_ignores(const struct store_type *type, const char *name) MUST_CHECK;

/* Add the names of all types to TEXT, separated by commas. */
void store_types_list(struct text *text);

#endif
