/*
 * drivers -- the one list of the stores, and which of them this tickrd was built with. Pure; any thread.
 *
 * configure leaves a store out by a switch. It is then not compiled, and its name is still known.
 */
#ifndef TICKR_STORE_DRIVERS_H
#define TICKR_STORE_DRIVERS_H

#include "store/store.h"

/*
 * DRIVER(name, is_built, meaning): name is a value of TICKR_DATABASE_ADAPTER, and name_store the table of the
 * store. A driver is the number of its line in this list, from 0.
 */
#define DRIVERS(DRIVER)                                  \
	DRIVER(mysql, 1, "is a MySQL or MariaDB server") \
	DRIVER(sqlite, HAVE_SQLITE, "is a local file")   \
	DRIVER(memory, WITH_MEMORY, "is for benchmarks only")

#define DRIVER_TABLE(name, is_built, meaning) extern const struct store name##_store;
DRIVERS(DRIVER_TABLE)

/* The names of all drivers with a | between them; a sentence about each, after a full stop. */
#define DRIVER_WORD(name, is_built, meaning)	"|" #name
#define DRIVER_WORDS				(&(DRIVERS(DRIVER_WORD))[1])
#define DRIVER_MEANING(name, is_built, meaning) ". " #name " " meaning
#define DRIVER_MEANINGS				DRIVERS(DRIVER_MEANING)

/* The name of this driver. */
const char *driver_name(unsigned driver);

/* The store of this driver; NULL: it was left out. */
const struct store *driver_store(unsigned driver) MUST_CHECK;

/* Add the names of the stores that were built to NAMES. */
void drivers_list(struct text *names);

#endif
