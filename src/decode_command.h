/*
 * decode_command -- is tickrd decode ID: takes an id apart by the settings, without a server. Main thread.
 */
#ifndef TICKR_DECODE_COMMAND_H
#define TICKR_DECODE_COMMAND_H

#include <stdint.h>

#include "config/config.h"

/* Print the parts of ID as JSON. Return the exit status. */
int decode_command_run(const struct config *config, uint64_t id);

#endif
