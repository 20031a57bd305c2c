/*
 * log -- lines for the operator on standard error. Any thread; no thread waits for the reader.
 *
 * A line is a short constant message (the event) and its facts as fields, key=value. Pass text from
 * outside through text_add_quoted() first. Under the journal a line begins with its <priority>.
 * Elsewhere it begins with the time and the level.
 */
#ifndef TICKR_BASE_LOG_H
#define TICKR_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Set the least important level to show, once, at the start. Until then it is LOG_LEVEL_INFO. */
void log_begin(enum log_level level);
bool log_shows(enum log_level level);

/*
 * Start a thread that writes all further lines, once. From then on a reader of standard error that hangs
 * stops no other thread. Before, the author of a line waits half a second at most and then drops the line.
 */
void log_start_thread(void);

/* Wait until all lines are written, half a second at most. Call it before the process ends. */
void log_flush(void);

/* Return the number of lines that were dropped because standard error was not read or refused them. */
uint64_t log_dropped(void);

/* Write WORDS as a line, for the user who starts the program. The journal's priority is added, nothing else. */
void log_plain(enum log_level level, const char *words);

/* Write a line. FIELDS is a printf format of "key=value key=value", or NULL. */
void log_error(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_info(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *message, const char *fields, ...) PRINTF_LIKE(2, 3);

/*
 * Limits a line that may be due a thousand times a second to a few, and counts the others. Keep one
 * limit for each such line of the process, initially zeroed. Any thread.
 */
struct log_limit {
	_Atomic uint64_t window_began_ms;
	atomic_uint shown;
	_Atomic uint64_t held_back; /* since the last line that was shown */
};

/* Return true if a line may be shown now, with the number of lines held back since the last one. */
bool log_limit_allows(struct log_limit *limit, uint64_t now_ms, uint64_t *held_back) MUST_CHECK;

#endif
