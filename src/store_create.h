/*
 * store_create -- tickrd createdb --store: makes the table of a store of TICKR_SEQUENCERS_FILE. Main thread only.
 */
#ifndef TICKR_STORE_CREATE_H
#define TICKR_STORE_CREATE_H

#include "base/attributes.h"
#include "command_line.h"
#include "config/config.h"

/* Make all that the store of LINE lacks, and report it. Return the exit status of the process, as createdb does. */
int store_create_run(const struct config *config, const struct command_line *line) MUST_CHECK;

#endif
