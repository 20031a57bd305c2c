#include <assert.h>
#include <errno.h>
#include <inttypes.h>
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
#define LATER_BYTES	200	/* that a value leaves for each field after it */
#define CUT		"...\"" /* ends a value that does not fit */

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

/* --- fields -------------------------------------------------------------------------------------- */

/* Add VALUE between quotes, in at most ROOM bytes. The dots of CUT keep half an escape from its quote. */
static void
log_add_quoted(struct text *line, const char *value, size_t room)
{
	struct text quoted = text_over(line->start + line->len, room + 1);

	text_add_quoted(&quoted, value, room);
	if (quoted.is_truncated)
		memcpy(quoted.start + quoted.len - strlen(CUT), CUT, strlen(CUT));
	line->len += quoted.len;
}

/* Return true if VALUE stands for itself without quotes. */
static bool
log_is_bare(const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || *c == '"')
			return false;
	return value[0] != '\0';
}

/* Add FIELD, and leave room for the fields AFTER it, so that one long value hides no other. */
static void
log_add_field(struct text *line, const struct log_field *field, size_t after)
{
	size_t room = line->size - 1 - line->len - strlen(field->name) - after * LATER_BYTES;

	text_add(line, field->name);
	switch (field->kind) {
	case LOG_KIND_WORD:
		if (log_is_bare(field->text) && strlen(field->text) <= room)
			text_add(line, field->text);
		else
			log_add_quoted(line, field->text, room);
		break;
	case LOG_KIND_TEXT: log_add_quoted(line, field->text, room); break;
	case LOG_KIND_NUMBER: text_addf(line, "%" PRIu64, field->number); break;
	case LOG_KIND_SECONDS: text_addf(line, "%g", (double)field->number / 1000); break;
	case LOG_KIND_ELAPSED: text_addf(line, "%.3f", (double)field->number / 1000); break;
	case LOG_KIND_END: break;
	}
}

/* Write a line into MEMORY, which has LOG_LINE_SIZE bytes. Return its length with the newline. */
static size_t
log_make_line(char *memory, enum log_level level, const struct log_field *fields)
{
	struct text line = text_over(memory, LOG_LINE_SIZE - 1); /* room for the newline */
	size_t count = 0;

	if (is_journal)
		text_addf(&line, "<%d>", levels[level].priority);
	else
		log_add_time(&line);
	text_addf(&line, "level=%s", levels[level].name);
	while (fields[count].kind != LOG_KIND_END)
		count++;
	assert(count <= 1 + LOG_MOST_FIELDS);
	for (size_t i = 0; i < count; i++) {
		text_add(&line, " ");
		log_add_field(&line, &fields[i], count - 1 - i);
	}
	memory[line.len] = '\n';
	return line.len + 1;
}

void
log_write(enum log_level level, const struct log_field *fields)
{
	char memory[LOG_LINE_SIZE];

	log_writer_add(memory, log_make_line(memory, level, fields));
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

static size_t
log_make_note(char *line, uint64_t count, const char *why)
{
	return log_make_line(line, LOG_LEVEL_WARN,
			     LOG_FIELDS("log lines were dropped", LOG_NUMBER("count", count),
					LOG_TEXT("reason", why)));
}

void
log_start_thread(void)
{
	if (!log_writer_start(log_make_note))
		log_warn("cannot create a thread for the log", LOG_TEXT("reason", strerror(errno)));
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
