/*
 * snowflake -- checks the settings of Snowflake ids, and refuses those that do not go with them. Main thread.
 */
#ifndef TICKR_CONFIG_SNOWFLAKE_H
#define TICKR_CONFIG_SNOWFLAKE_H

#include "config/loader.h"

/* Check the loaded settings, and set the fields of struct config that follow from them. */
void config_snowflake(struct loader *loader);

#endif
