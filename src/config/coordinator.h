/*
 * coordinator -- checks the settings of the coordinator of worker ids. Main thread.
 */
#ifndef TICKR_CONFIG_COORDINATOR_H
#define TICKR_CONFIG_COORDINATOR_H

#include "config/loader.h"

/* Split the endpoints of LOADER's config, and read the password. Mistakes go to LOADER. */
void config_coordinator(struct loader *loader);

/* Free what config_coordinator() has made. */
void config_coordinator_forget(struct config *config);

#endif
