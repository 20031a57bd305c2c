/*
 * parse -- strict parsers of numbers. They refuse signs, blanks, overflow and further text. Pure; any thread.
 *
 * When they return false the result is untouched.
 */
#ifndef TICKR_BASE_PARSE_H
#define TICKR_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* Parse the LEN bytes at TEXT: a decimal number from 0 to MOST. Leading zeros are allowed. */
bool parse_number(const char *text, size_t len, uint64_t most, uint64_t *value) MUST_CHECK;

/* Parse seconds with up to three decimals ("2", "0.25") into milliseconds, at most MOST_MS. */
bool parse_seconds(const char *text, uint64_t most_ms, uint64_t *ms) MUST_CHECK;

#endif
