#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define LINE_SIZE	2048
#define LIMIT_WINDOW_MS 1000
#define LIMIT_LINES	10

static const struct {
	const char *name;
	int priority; /* syslog's */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARN] = {"warn", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

static enum log_level threshold = LOG_LEVEL_INFO;
static bool is_journal;

/* The journal says in JOURNAL_STREAM which device and inode its socket has. */
static bool
stderr_is_journal(void)
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
	is_journal = stderr_is_journal();
}

bool
log_shows(enum log_level level)
{
	return level <= threshold;
}

static void
add_time(struct text *line)
{
	struct timespec now;
	struct tm utc;
	char stamp[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	text_addf(line, "%s.%03ldZ ", stamp, now.tv_nsec / 1000000);
}

/* One write a line, so that lines of several threads do not mix. */
static void
write_line(enum log_level level, const char *message, const char *fields, va_list arguments)
{
	char memory[LINE_SIZE];
	struct text line = text_over(memory, sizeof(memory) - 1); /* room for the newline */
	ssize_t written;

	if (!log_shows(level))
		return;
	if (is_journal)
		text_addf(&line, "<%d>", levels[level].priority);
	else
		add_time(&line);
	text_addf(&line, "level=%s msg=", levels[level].name);
	text_add_quoted(&line, message, LINE_SIZE);
	if (fields != NULL) {
		text_add(&line, " ");
		text_vaddf(&line, fields, arguments);
	}
	memory[line.len] = '\n';
	written = write(STDERR_FILENO, memory, line.len + 1);
	(void)written; /* there is nobody left to tell */
}

void
log_plain(enum log_level level, const char *line)
{
	if (is_journal)
		fprintf(stderr, "<%d>%s\n", levels[level].priority, line);
	else
		fprintf(stderr, "%s\n", line);
}

#define DEFINE_LOG(name, level)                                 \
	void name(const char *message, const char *fields, ...) \
	{                                                       \
		va_list arguments;                              \
                                                                \
		va_start(arguments, fields);                    \
		write_line(level, message, fields, arguments);  \
		va_end(arguments);                              \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

bool
log_limit_allows(struct log_limit *limit, uint64_t now_ms, uint64_t *held_back)
{
	if (now_ms - limit->window_began_ms >= LIMIT_WINDOW_MS) {
		limit->window_began_ms = now_ms;
		limit->shown = 0;
	}
	if (limit->shown >= LIMIT_LINES) {
		limit->held_back++;
		return false;
	}
	limit->shown++;
	*held_back = limit->held_back;
	limit->held_back = 0;
	return true;
}
