/*
 * log -- one line a fact, on standard error, for the operator. Any thread.
 *
 * A line is a short constant message ("what happened") and fields, key=value. Text
 * that came from outside goes through text_add_quoted() first. Under the journal a
 * line begins with its <priority>; elsewhere with the time and the level.
 */
#ifndef TICKR_BASE_LOG_H
#define TICKR_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set once at the start, before there are threads. */
void log_begin(enum log_level level);
bool log_shows(enum log_level level);

/* A line of its own words, for whoever starts the program; with its priority under the journal. */
void log_plain(enum log_level level, const char *line);

/* FIELDS is a printf format that makes "key=value key=value", or NULL for none. */
void log_error(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_info(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);

/*
 * Keeps a line that could come a thousand times a second to a few, and counts the
 * rest. Embed one for each such line; it belongs to one thread. Zeroed is ready.
 */
struct log_limit {
	uint64_t window_began_ms;
	unsigned shown;
	uint64_t held_back; /* since the last line that was shown */
};

/* Whether a line may be shown now. *HELD_BACK is how many were not since the last one. */
bool log_limit_allows(struct log_limit *limit, uint64_t now_ms, uint64_t *held_back) MUST_CHECK;

#endif
