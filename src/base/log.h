/*
 * log -- lines for the operator on standard error. Any thread; no thread waits for the reader.
 *
 * A line is a short constant message (the event) and its facts as fields:
 *
 *	log_warn("old rows could not be pruned", LOG_TEXT("reason", reason), LOG_DATABASE(name));
 *
 * The log quotes and escapes each value, so no value can end its line or look like another field. Under
 * the journal a line begins with its <priority>. Elsewhere it begins with the time and the level.
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

/*
 * Write a line: the message, then up to LOG_MOST_FIELDS fields. If the level is not shown, the values are
 * not evaluated. A value that is too long for the line is cut to end in "...".
 */
#define log_error(message, ...) LOG_AT(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)
#define log_warn(message, ...)	LOG_AT(LOG_LEVEL_WARN, message, ##__VA_ARGS__)
#define log_info(message, ...)	LOG_AT(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...) LOG_AT(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)

/* The fields. NAME is a string literal of lower-case words. */
#define LOG_TEXT(name, value) LOG_FIELD(name, LOG_KIND_TEXT, .text = (value)) /* always in quotes */
#define LOG_WORD(name, value) \
	LOG_FIELD(name, LOG_KIND_WORD, .text = (value)) /* in quotes if it needs them */
#define LOG_NUMBER(name, value) \
	LOG_FIELD(name, LOG_KIND_NUMBER, .number = (value)) /* not negative */
#define LOG_SECONDS(name, value) \
	LOG_FIELD(name, LOG_KIND_SECONDS, .number = (value)) /* of milliseconds: 0.5, 3 */
#define LOG_ELAPSED(name, value) \
	LOG_FIELD(name, LOG_KIND_ELAPSED, .number = (value)) /* the same: 0.500, 3.000 */

/* Each line about one database has this field. */
#define LOG_DATABASE(name) LOG_TEXT("database", name)

#define LOG_MOST_FIELDS 7

enum log_kind {
	LOG_KIND_END,
	LOG_KIND_TEXT,
	LOG_KIND_WORD,
	LOG_KIND_NUMBER,
	LOG_KIND_SECONDS,
	LOG_KIND_ELAPSED
};

/* Only the macros above make these. */
struct log_field {
	const char *name;
	enum log_kind kind;
	union {
		const char *text;
		uint64_t number;
	};
};

#define LOG_FIELD(field, its_kind, value)                       \
	{                                                       \
		.name = "" field "=", .kind = (its_kind), value \
	}
#define LOG_FIELDS(message, ...)     \
	((const struct log_field[]){ \
		LOG_TEXT("msg", message), ##__VA_ARGS__, {.kind = LOG_KIND_END}})
#define LOG_AT(level, message, ...) \
	(log_shows(level) ? log_write(level, LOG_FIELDS(message, ##__VA_ARGS__)) : (void)0)

/* Use the macros above. FIELDS begins with the message and ends with LOG_KIND_END. */
void log_write(enum log_level level, const struct log_field *fields);

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
