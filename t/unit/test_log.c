#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

Test(log, a_limit_shows_the_first_lines_of_a_second_and_counts_the_rest)
{
	struct log_limit limit = {0};
	uint64_t held_back = 99;
	unsigned shown = 0;

	for (unsigned i = 0; i < 1000; i++)
		shown += log_limit_allows(&limit, 5000 + i % 1000, &held_back);
	cr_assert_eq(shown, 10);
	cr_assert_eq(held_back, 0);
	cr_assert(log_limit_allows(&limit, 6000, &held_back));
	cr_assert_eq(held_back, 990);
	cr_assert(log_limit_allows(&limit, 6001, &held_back));
	cr_assert_eq(held_back, 0);
}

Test(log, a_zeroed_limit_allows_a_line_at_any_time)
{
	struct log_limit limit = {0};
	uint64_t held_back = 99;

	cr_assert(log_limit_allows(&limit, 0, &held_back));
	cr_assert_eq(held_back, 0);
}

Test(log, levels_above_the_threshold_are_not_shown)
{
	log_begin(LOG_LEVEL_WARN);
	cr_assert(log_shows(LOG_LEVEL_ERROR));
	cr_assert(log_shows(LOG_LEVEL_WARN));
	cr_assert_not(log_shows(LOG_LEVEL_INFO));
	cr_assert_not(log_shows(LOG_LEVEL_DEBUG));
}

/* Redirect standard error into a pipe until catch_end(), which reads the lines into CAUGHT. */
static int
catch_begin(int *saved)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

static void
catch_end(int reading, int saved, char *caught, size_t size)
{
	ssize_t len = read(reading, caught, size - 1);

	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reading);
	caught[len > 0 ? len : 0] = '\0';
}

Test(log, a_line_is_one_line_with_level_message_and_fields)
{
	char caught[4096];
	int saved, reading;

	log_begin(LOG_LEVEL_INFO);
	reading = catch_begin(&saved);
	log_info("two\nlines", "count=%d", 42);
	log_debug("not shown", NULL);
	catch_end(reading, saved, caught, sizeof(caught));
	cr_assert_not_null(strstr(caught, "level=info msg=\"two\\x0alines\" count=42\n"));
	cr_assert_eq(strchr(caught, '\n'), caught + strlen(caught) - 1);
	cr_assert_eq(caught[10], 'T', "the line begins with the time");
}

Test(log, a_line_too_long_is_cut_and_still_ends)
{
	char caught[4096], field[3000];
	int saved, reading;

	memset(field, 'x', sizeof(field));
	field[sizeof(field) - 1] = '\0';
	log_begin(LOG_LEVEL_INFO);
	reading = catch_begin(&saved);
	log_error("long", "field=%s", field);
	catch_end(reading, saved, caught, sizeof(caught));
	cr_assert_lt(strlen(caught), 2100);
	cr_assert_eq(caught[strlen(caught) - 1], '\n');
}

Test(log, under_the_journal_a_line_begins_with_its_priority)
{
	char caught[4096], stream[64];
	struct stat status;
	int saved, reading;

	reading = catch_begin(&saved);
	cr_assert_eq(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_begin(LOG_LEVEL_INFO);
	log_warn("watch out", NULL);
	log_plain(LOG_LEVEL_ERROR, "in its own words");
	catch_end(reading, saved, caught, sizeof(caught));
	cr_assert_str_eq(caught, "<4>level=warn msg=\"watch out\"\n<3>in its own words\n");
}

/* --- a reader that hangs ------------------------------------------------------------------------- */

static void
fill_pipe(void)
{
	static const char bytes[4096];
	int copy = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK); /* a description of its own */

	cr_assert_geq(copy, 0);
	while (write(copy, bytes, sizeof(bytes)) > 0)
		continue;
	while (write(copy, bytes, 1) > 0)
		continue;
	close(copy);
}

Test(log, without_the_thread_a_line_waits_half_a_second_for_its_reader, .timeout = 10)
{
	uint64_t began_ms = clock_ms();
	int saved, reading;

	log_begin(LOG_LEVEL_INFO);
	reading = catch_begin(&saved);
	fill_pipe();
	for (unsigned i = 0; i < 100; i++)
		log_error("nobody reads", NULL);
	log_plain(LOG_LEVEL_ERROR, "nor this");
	cr_assert_lt(clock_ms() - began_ms, 3000);
	cr_assert_eq(log_dropped(), 101);
	close(reading);
}
