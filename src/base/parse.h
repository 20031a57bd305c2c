/*
 * parse -- strict readers of numbers: the whole text or nothing.
 *
 * No sign, no blanks, no overflow. On false *VALUE is untouched. Any thread.
 */
#ifndef TICKR_BASE_PARSE_H
#define TICKR_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* A decimal number from 0 to MOST in the LEN bytes at TEXT; leading zeros are allowed. */
bool parse_number(const char *text, size_t len, uint64_t most, uint64_t *value) MUST_CHECK;

/* Seconds with up to three decimals ("2", "0.25"), as milliseconds, at most MOST_MS. */
bool parse_seconds(const char *text, uint64_t most_ms, uint64_t *ms) MUST_CHECK;

#endif
