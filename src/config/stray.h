/*
 * stray -- finds bytes at an end of a value that are nearly always a mistake. Pure; any thread.
 */
#ifndef TICKR_CONFIG_STRAY_H
#define TICKR_CONFIG_STRAY_H

#include <stddef.h>

#include "base/attributes.h"

/*
 * Return such bytes of the LEN bytes at VALUE in words that follow its name, for example "ends in a newline";
 * NULL if there are none.
 */
const char *stray_bytes(const char *value, size_t len) MUST_CHECK;

#endif
