/*
 * drivers -- the stores that this tickrd was built with. Pure; any thread.
 *
 * A store that is left out by configure is neither compiled nor in the table.
 */
#ifndef TICKR_STORE_DRIVERS_H
#define TICKR_STORE_DRIVERS_H

#include "store/store.h"

/* By the name that TICKR_DATABASE_ADAPTER has for it; NULL: not built. */
const struct store *driver_find(const char *name) MUST_CHECK;

/* Their names, for people. */
void drivers_list(struct text *names);

#endif
