/*
 * drivers -- the list of all stores, and of those that this tickrd was built with. Pure; any thread.
 *
 * A switch of configure leaves a store out. That store is not compiled, but its name stays known.
 */
#ifndef TICKR_STORE_DRIVERS_H
#define TICKR_STORE_DRIVERS_H

#include "store/store.h"

/*
 * DRIVER(name, is_built, meaning): name is a value of TICKR_DATABASE_ADAPTER, and name_store is the table of
 * the store. A driver is the number of its line in this list, from 0.
 */
#define DRIVERS(DRIVER)                                  \
	DRIVER(mysql, 1, "is a MySQL or MariaDB server") \
	DRIVER(sqlite, HAVE_SQLITE, "is a local file")   \
	DRIVER(memory, WITH_MEMORY, "is for benchmarks only")

/* A value of TICKR_DATABASE_ADAPTER after these, which is no store: the server makes ids in memory. */
#define DRIVER_SNOWFLAKE "snowflake"

#define DRIVER_TABLE(name, is_built, meaning) extern const struct store name##_store;
DRIVERS(DRIVER_TABLE)

/* The names of all drivers, separated by |. Then a sentence about each, after a full stop. */
#define DRIVER_WORD(name, is_built, meaning)	"|" #name
#define DRIVER_WORDS				(&(DRIVERS(DRIVER_WORD) "|" DRIVER_SNOWFLAKE)[1])
#define DRIVER_MEANING(name, is_built, meaning) ". " #name " " meaning
#define DRIVER_MEANINGS \
	DRIVERS(DRIVER_MEANING) ". " DRIVER_SNOWFLAKE " makes Snowflake ids without a database"

/* Whether DRIVER is the number of DRIVER_SNOWFLAKE, which has no store. */
bool driver_is_snowflake(unsigned driver) MUST_CHECK;

/* Return the name of DRIVER. */
const char *driver_name(unsigned driver);

/* Return the store of DRIVER; NULL: this tickrd was built without it. */
const struct store *driver_store(unsigned driver) MUST_CHECK;

/* Add the names of the stores that were built to NAMES. */
void drivers_list(struct text *names);

#endif
