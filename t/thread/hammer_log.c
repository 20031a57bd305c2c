/*
 * The log and its thread: authors of many lines, and a standard error that is not read, or refuses lines.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tap.h"

#define MOST_SECONDS 120
#define AUTHORS	     4
#define LINES	     2000 /* of each author */
#define PATIENCE_MS  20000
#define TEXT_SIZE    (1 << 21)

static char text[TEXT_SIZE]; /* as it was read */
static size_t text_len;

/* --- standard error ------------------------------------------------------------------------------ */

/* Let standard error be a pipe; the end to read from. */
static int
pipe_stderr(void)
{
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
		abort();
	close(ends[1]);
	return ends[0];
}

/* By a description of its own: O_NONBLOCK must not reach the log's. */
static void
fill_pipe(void)
{
	static const char bytes[4096];
	int copy = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK);

	while (write(copy, bytes, sizeof(bytes)) > 0)
		continue;
	while (write(copy, bytes, 1) > 0)
		continue;
	close(copy);
}

static bool
read_more(int reading)
{
	struct pollfd fd = {reading, POLLIN, 0};
	ssize_t got = -1;

	if (poll(&fd, 1, PATIENCE_MS) > 0)
		got = read(reading, text + text_len, TEXT_SIZE - 1 - text_len);
	if (got > 0)
		text_len += (size_t)got;
	return got > 0;
}

/* The next WORDS after FROM; NULL: there are none. */
static const char *
find(const char *from, const char *words)
{
	return memmem(from, (size_t)(text + text_len - from), words, strlen(words));
}

static size_t
count_of(const char *words)
{
	size_t count = 0;

	for (const char *at = text; (at = find(at, words)) != NULL; at++)
		count++;
	return count;
}

/* How many lines are missing, as the notes in the text say. */
static uint64_t
missing(void)
{
	static const char note[] = "msg=\"log lines were dropped\" count=";
	uint64_t sum = 0;

	for (const char *at = text; (at = find(at, note)) != NULL; at++)
		sum += strtoull(at + strlen(note), NULL, 10);
	return sum;
}

/* --- promises ------------------------------------------------------------------------------------ */

static void *
write_lines(void *ignored)
{
	for (unsigned i = 0; i < LINES; i++)
		log_info("a line of many", LOG_NUMBER("number", i));
	return ignored;
}

static void
a_reader_that_hangs_stops_no_author(void)
{
	uint64_t began_ms = clock_ms();
	pthread_t authors[AUTHORS];
	int saved = dup(STDERR_FILENO), reading = pipe_stderr();
	bool is_read = true, is_in_time;

	fill_pipe();
	for (size_t i = 0; i < AUTHORS; i++)
		if (pthread_create(&authors[i], NULL, write_lines, NULL) != 0)
			abort();
	for (size_t i = 0; i < AUTHORS; i++)
		pthread_join(authors[i], NULL);
	log_flush();
	is_in_time = clock_ms() - began_ms < PATIENCE_MS;
	while (is_read && count_of("msg=\"a line of many\"") + missing() < AUTHORS * LINES)
		is_read = read_more(reading);
	dup2(saved, STDERR_FILENO);
	tap_report(is_in_time && log_dropped() > 0, "a reader that hangs stops no author");
	tap_report(is_read && missing() == log_dropped(),
		   "each line is read, or counted as missing");
	close(saved);
	close(reading);
}

/* A disk that is full, and a pipe that has no reader any more. */
static void
lines_that_are_refused_are_counted(void)
{
	int saved = dup(STDERR_FILENO), full = open("/dev/full", O_WRONLY), reading;
	uint64_t before = log_dropped(), after;
	bool is_read = true;

	dup2(full, STDERR_FILENO);
	log_info("lost to a full disk");
	log_flush();
	close(pipe_stderr());
	log_info("lost to no reader");
	log_flush();
	after = log_dropped();

	reading = pipe_stderr();
	text_len = 0;
	memset(text, 0, sizeof(text));
	log_info("passes again");
	while (is_read && missing() == 0)
		is_read = read_more(reading);
	dup2(saved, STDERR_FILENO);
	tap_report(after - before == 2, "lines that standard error refuses are counted");
	tap_report(count_of("msg=\"passes again\"\n") == 1 && missing() == 2,
		   "the log says how many are missing when lines pass again");
	close(saved);
	close(full);
	close(reading);
}

/* Another process that shares the descriptor has set O_NONBLOCK on it. */
static void
a_descriptor_that_does_not_block_loses_no_line(void)
{
	int saved = dup(STDERR_FILENO), reading = pipe_stderr();
	uint64_t before = log_dropped();
	bool is_read = true;

	fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
	fill_pipe();
	for (unsigned i = 0; i < 100; i++)
		log_info("waits");
	text_len = 0;
	while (is_read && count_of("msg=\"waits\"\n") < 100)
		is_read = read_more(reading);
	dup2(saved, STDERR_FILENO);
	tap_report(is_read && log_dropped() == before,
		   "a descriptor that does not block loses no line");
	close(saved);
	close(reading);
}

/* --- the limit ----------------------------------------------------------------------------------- */

struct shared_limit {
	struct log_limit limit;
	atomic_uint shown;
	atomic_uint held_back;
};

static void *
ask_limit(void *arg)
{
	struct shared_limit *shared = arg;

	for (unsigned i = 0; i < LINES; i++) {
		uint64_t held_back = 0;

		shared->shown += log_limit_allows(&shared->limit, 5000, &held_back);
		shared->held_back += (unsigned)held_back;
	}
	return NULL;
}

static void
a_limit_is_one_for_all_threads(void)
{
	struct shared_limit shared = {0};
	pthread_t threads[AUTHORS];
	uint64_t rest;

	for (size_t i = 0; i < AUTHORS; i++)
		if (pthread_create(&threads[i], NULL, ask_limit, &shared) != 0)
			abort();
	for (size_t i = 0; i < AUTHORS; i++)
		pthread_join(threads[i], NULL);
	tap_report(shared.shown == 10, "a limit is one for all threads");
	tap_report(log_limit_allows(&shared.limit, 6000, &rest) &&
			   shared.held_back + rest + 10 == AUTHORS * LINES,
		   "each line that was held back is counted");
}

int
main(void)
{
	alarm(MOST_SECONDS);
	signal(SIGPIPE, SIG_IGN);
	log_begin(LOG_LEVEL_INFO);
	log_start_thread();
	a_limit_is_one_for_all_threads();
	a_reader_that_hangs_stops_no_author();
	lines_that_are_refused_are_counted();
	a_descriptor_that_does_not_block_loses_no_line();
	return tap_end();
}
