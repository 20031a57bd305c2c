/*
 * log_writer -- takes finished lines to standard error, and never lets their authors wait.
 *
 * Only log.c uses it, from any thread. Lines wait in a buffer of fixed size, and a thread writes them. A
 * reader that hangs stops that thread and no other. Lines for which there is no room are dropped and
 * counted, as are lines that standard error refuses. When lines pass again, a note says how many are missing.
 *
 * Standard error is left as it was inherited: O_NONBLOCK would reach every process that shares it.
 */
#ifndef TICKR_BASE_LOG_WRITER_H
#define TICKR_BASE_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define LOG_LINE_SIZE 2048 /* bytes of the longest line, with its newline; less than PIPE_BUF */

/* Write into LINE, which has LOG_LINE_SIZE bytes, that COUNT lines are missing because of WHY; the length. */
typedef size_t log_note_fn(char *line, uint64_t count, const char *why);

/*
 * Start the thread, once. False, with errno, if there is none. Without the thread log_writer_add()
 * writes the line itself, and waits half a second at most for a reader that hangs.
 */
bool log_writer_start(log_note_fn *note) MUST_CHECK;

/* Takes a copy of LINE: LEN bytes, the last of them a newline. */
void log_writer_add(const char *line, size_t len);

/* Wait until all lines are written, for MS milliseconds at most. */
void log_writer_flush(unsigned ms);

/* How many lines were dropped since the process began. */
uint64_t log_writer_dropped(void);

#endif
