/*
 * log_writer -- writes finished lines to standard error, so that their authors never wait.
 *
 * Only log.c uses it, from any thread. Lines wait in a buffer of fixed size, and a thread writes them. A
 * reader that hangs stops only that thread. Lines that find no room are dropped and counted. So are lines
 * that standard error refuses. After that, the next line that passes is followed by a note of the count.
 *
 * Standard error keeps its inherited flags: O_NONBLOCK would change it for every process that shares it.
 */
#ifndef TICKR_BASE_LOG_WRITER_H
#define TICKR_BASE_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define LOG_LINE_SIZE 2048 /* bytes of the longest line, with its newline; less than PIPE_BUF */

/* Write the note that COUNT lines are missing because of WHY to LINE, of LOG_LINE_SIZE bytes. Return its length. */
typedef size_t log_note_fn(char *line, uint64_t count, const char *why);

/*
 * Start the thread, once. Return false, with errno, if that fails. Without the thread log_writer_add()
 * writes the line itself, and waits half a second at most for a reader that hangs.
 */
bool log_writer_start(log_note_fn *note) MUST_CHECK;

/* Add a copy of LINE: LEN bytes, of which the last is a newline. */
void log_writer_add(const char *line, size_t len);

/* Wait until all lines are written, MS milliseconds at most. */
void log_writer_flush(unsigned ms);

/* Return the number of lines dropped since the process began. */
uint64_t log_writer_dropped(void);

#endif
