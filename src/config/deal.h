/*
 * deal -- finds out how many databases there are, and deals the settings that are lists to them. Main thread.
 */
#ifndef TICKR_CONFIG_DEAL_H
#define TICKR_CONFIG_DEAL_H

#include "config/loader.h"

/*
 * Fill the store and the databases of LOADER's config, whose fields are set. If this tickrd was built without
 * the store, there are no databases.
 */
void deal_databases(struct loader *loader);

/* Free what deal_databases() has made. */
void deal_forget(struct config *config);

#endif
