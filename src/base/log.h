/*
 * log -- one line a fact, on standard error, for the operator. Any thread; none ever waits for the reader.
 *
 * A line is a short constant message ("what happened") and fields, key=value. Text
 * that came from outside goes through text_add_quoted() first. Under the journal a
 * line begins with its <priority>; elsewhere with the time and the level.
 */
#ifndef TICKR_BASE_LOG_H
#define TICKR_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set once at the start. Lines before it are shown if they are LOG_LEVEL_INFO or more important. */
void log_begin(enum log_level level);
bool log_shows(enum log_level level);

/*
 * Write lines in a thread of its own from now on: a reader of standard error that hangs stops nobody
 * else. Once. Before that, a line waits half a second at most and is then dropped.
 */
void log_start_thread(void);

/* Before the process ends: wait until the lines are written, for half a second at most. */
void log_flush(void);

/* How many lines were dropped: standard error was not read, or refused them. */
uint64_t log_dropped(void);

/* A line of its own words, for the person who starts the program; with its priority under the journal. */
void log_plain(enum log_level level, const char *words);

/* FIELDS is a printf format that makes "key=value key=value", or NULL for none. */
void log_error(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_info(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);

/*
 * Keeps a line that could come a thousand times a second to a few, and counts the rest. The process has
 * one for each such line. Any thread may ask. Zeroed is ready.
 */
struct log_limit {
	_Atomic uint64_t window_began_ms;
	atomic_uint shown;
	_Atomic uint64_t held_back; /* since the last line that was shown */
};

/* Whether a line may be shown now. *HELD_BACK is how many were not since the last one. */
bool log_limit_allows(struct log_limit *limit, uint64_t now_ms, uint64_t *held_back) MUST_CHECK;

#endif
