#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_writer.h"
#include "base/text.h"

#define LIMIT_WINDOW_MS 1000
#define LIMIT_LINES	10
#define FLUSH_MS	500

static const struct {
	const char *name;
	int priority; /* syslog's */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARN] = {"warn", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

/* Main sets both. The signals' thread may already log at that time. */
static _Atomic enum log_level threshold = LOG_LEVEL_INFO;
static atomic_bool is_journal;

/* Return true if standard error is the journal's socket: systemd names its device and inode in JOURNAL_STREAM. */
static bool
log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	if (fstat(STDERR_FILENO, &status) != 0)
		return false;
	return status.st_dev == device && status.st_ino == inode;
}

void
log_begin(enum log_level level)
{
	threshold = level;
	is_journal = log_stderr_is_journal();
}

bool
log_shows(enum log_level level)
{
	return level <= threshold;
}

static void
log_add_time(struct text *line)
{
	struct timespec now;
	struct tm utc;
	char stamp[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	text_addf(line, "%s.%03ldZ ", stamp, now.tv_nsec / 1000000);
}

/* Write a line into MEMORY, which has LOG_LINE_SIZE bytes. Return its length with the newline. */
static size_t
log_make_line(char *memory, enum log_level level, const char *message, const char *fields,
	      va_list arguments)
{
	struct text line = text_over(memory, LOG_LINE_SIZE - 1); /* room for the newline */

	if (is_journal)
		text_addf(&line, "<%d>", levels[level].priority);
	else
		log_add_time(&line);
	text_addf(&line, "level=%s msg=", levels[level].name);
	text_add_quoted(&line, message, LOG_LINE_SIZE);
	if (fields != NULL) {
		text_add(&line, " ");
		text_vaddf(&line, fields, arguments);
	}
	memory[line.len] = '\n';
	return line.len + 1;
}

static void
log_write_line(enum log_level level, const char *message, const char *fields, va_list arguments)
{
	char memory[LOG_LINE_SIZE];

	if (log_shows(level))
		log_writer_add(memory, log_make_line(memory, level, message, fields, arguments));
}

void
log_plain(enum log_level level, const char *words)
{
	char memory[LOG_LINE_SIZE];
	struct text line = text_over(memory, sizeof(memory) - 1);

	if (is_journal)
		text_addf(&line, "<%d>", levels[level].priority);
	text_add(&line, words);
	memory[line.len] = '\n';
	log_writer_add(memory, line.len + 1);
}

/* --- the writer's thread ---------------------------------------------------------------------- */

static size_t log_make_line_of(char *memory, enum log_level level, const char *message,
			       const char *fields, ...) PRINTF_LIKE(4, 5);

static size_t
log_make_line_of(char *memory, enum log_level level, const char *message, const char *fields, ...)
{
	va_list arguments;
	size_t len;

	va_start(arguments, fields);
	len = log_make_line(memory, level, message, fields, arguments);
	va_end(arguments);
	return len;
}

static size_t
log_make_note(char *line, uint64_t count, const char *why)
{
	return log_make_line_of(line, LOG_LEVEL_WARN, "log lines were dropped",
				"count=%" PRIu64 " reason=\"%s\"", count, why);
}

void
log_start_thread(void)
{
	if (!log_writer_start(log_make_note))
		log_warn("cannot create a thread for the log", "reason=\"%s\"", strerror(errno));
}

void
log_flush(void)
{
	log_writer_flush(FLUSH_MS);
}

uint64_t
log_dropped(void)
{
	return log_writer_dropped();
}

/* --- levels -------------------------------------------------------------------------------------- */

#define DEFINE_LOG(name, level)                                    \
	void name(const char *message, const char *fields, ...)    \
	{                                                          \
		va_list arguments;                                 \
                                                                   \
		va_start(arguments, fields);                       \
		log_write_line(level, message, fields, arguments); \
		va_end(arguments);                                 \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

/* --- limits on frequent lines -------------------------------------------------------------------- */

bool
log_limit_allows(struct log_limit *limit, uint64_t now_ms, uint64_t *held_back)
{
	uint64_t began_ms = atomic_load(&limit->window_began_ms);

	/* Several threads may find that the window is over. The exchange succeeds for one of them. */
	if (now_ms >= began_ms && now_ms - began_ms >= LIMIT_WINDOW_MS &&
	    atomic_compare_exchange_strong(&limit->window_began_ms, &began_ms, now_ms))
		atomic_store(&limit->shown, 0);
	if (atomic_load(&limit->shown) >= LIMIT_LINES ||
	    atomic_fetch_add(&limit->shown, 1) >= LIMIT_LINES) {
		atomic_fetch_add(&limit->held_back, 1);
		return false;
	}
	*held_back = atomic_exchange(&limit->held_back, 0);
	return true;
}
