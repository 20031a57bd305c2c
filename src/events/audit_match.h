/*
 * audit_match -- finds out whether a line of the audit has an id. Pure; any thread.
 */
#ifndef TICKR_EVENTS_AUDIT_MATCH_H
#define TICKR_EVENTS_AUDIT_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* Return whether ID is one of the ids of the LEN bytes of LINE. Any bytes are allowed: a line of no audit has none. */
bool audit_match(const char *line, size_t len, uint64_t id) MUST_CHECK;

#endif
