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
	log_info("two\nlines", LOG_NUMBER("count", 42));
	log_debug("not shown");
	catch_end(reading, saved, caught, sizeof(caught));
	cr_assert_not_null(strstr(caught, "level=info msg=\"two\\x0alines\" count=42\n"));
	cr_assert_eq(strchr(caught, '\n'), caught + strlen(caught) - 1);
	cr_assert_eq(caught[10], 'T', "the line begins with the time");
}

/* --- fields -------------------------------------------------------------------------------------- */

/* Write a line with the fields of the call into CAUGHT. */
#define CATCH(caught, ...)                                         \
	do {                                                       \
		int saved, reading;                                \
                                                                   \
		log_begin(LOG_LEVEL_INFO);                         \
		reading = catch_begin(&saved);                     \
		log_info("said", ##__VA_ARGS__);                   \
		catch_end(reading, saved, caught, sizeof(caught)); \
	} while (0)

/* The fields after the message, up to the newline that ends the line. */
static const char *
fields_of(const char *caught)
{
	const char *fields = strstr(caught, "msg=\"said\"");

	cr_assert_not_null(fields, "%s", caught);
	cr_assert_eq(strchr(caught, '\n'), caught + strlen(caught) - 1, "one line");
	return fields + strlen("msg=\"said\"");
}

Test(log, a_text_is_always_quoted_and_cannot_end_its_quotes_or_its_line)
{
	static const struct {
		const char *value, *written;
	} cases[] = {
		{"", "\"\""},
		{"word", "\"word\""},
		{"two words", "\"two words\""},
		{"say \"no\"", "\"say \\\"no\\\"\""},
		{"c:\\", "\"c:\\\\\""},
		{"x\" database=\"other", "\"x\\\" database=\\\"other\""},
		{"x\nlevel=error msg=\"forged\"", "\"x\\x0alevel=error msg=\\\"forged\\\"\""},
		{"\r\t\x1b[31m\x7f", "\"\\x0d\\x09\\x1b[31m\\x7f\""},
		{"M\xc3\xbcller \xe2\x80\xa8", "\"M\\xc3\\xbcller \\xe2\\x80\\xa8\""},
		{"half a letter \xc3", "\"half a letter \\xc3\""},
	};
	char caught[4096], wanted[256];

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CATCH(caught, LOG_TEXT("reason", cases[i].value), LOG_NUMBER("after", 1));
		snprintf(wanted, sizeof(wanted), " reason=%s after=1\n", cases[i].written);
		cr_expect_str_eq(fields_of(caught), wanted);
	}
}

Test(log, a_word_is_quoted_only_if_it_needs_quotes)
{
	static const struct {
		const char *value, *written;
	} cases[] = {
		{"SIGTERM", "SIGTERM"},
		{"127.0.0.1:8080", "127.0.0.1:8080"},
		{"READY=1", "READY=1"},
		{"unix:/run/tickr.sock", "unix:/run/tickr.sock"},
		{"", "\"\""},
		{"unix:/a path", "\"unix:/a path\""},
		{"a\"b", "\"a\\\"b\""},
		{"a\nb", "\"a\\x0ab\""},
		{"\xc3\xbc", "\"\\xc3\\xbc\""},
	};
	char caught[4096], wanted[256];

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CATCH(caught, LOG_WORD("address", cases[i].value));
		snprintf(wanted, sizeof(wanted), " address=%s\n", cases[i].written);
		cr_expect_str_eq(fields_of(caught), wanted);
	}
}

Test(log, numbers_and_times_are_written_plainly)
{
	char caught[4096];

	CATCH(caught, LOG_NUMBER("most", UINT64_MAX), LOG_SECONDS("set_seconds", 500),
	      LOG_SECONDS("long_seconds", 8000), LOG_ELAPSED("down_seconds", 61005),
	      LOG_DATABASE("db1"));
	cr_assert_str_eq(fields_of(caught),
			 " most=18446744073709551615 set_seconds=0.5 "
			 "long_seconds=8 down_seconds=61.005 database=\"db1\"\n");
}

Test(log, a_long_value_is_cut_and_hides_no_field_after_it)
{
	static const char letters[] = {'x', '"', '\\', '\n', '\xc3'};
	char caught[4096], value[5000];
	const char *end;

	for (size_t i = 0; i < ARRAY_LENGTH(letters); i++) {
		memset(value, letters[i], sizeof(value) - 1);
		value[sizeof(value) - 1] = '\0';
		CATCH(caught, LOG_TEXT("reason", value), LOG_WORD("state", value),
		      LOG_NUMBER("gap", UINT64_MAX), LOG_DATABASE("db1"));
		end = strstr(fields_of(caught), " gap=18446744073709551615 database=\"db1\"\n");
		cr_assert_not_null(end, "%s", caught);
		cr_assert_eq(strncmp(end - strlen("...\""), "...\"", strlen("...\"")), 0);
		cr_assert_not_null(strstr(caught, "...\" state=\""));
		cr_assert_gt(strlen(caught), 1500);
		cr_assert_lt(strlen(caught), 2048);
	}
}

Test(log, the_most_fields_fit_whatever_is_in_them)
{
	char caught[4096], value[3000];

	memset(value, '\n', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	CATCH(caught, LOG_TEXT("one", value), LOG_TEXT("two", value), LOG_TEXT("three", value),
	      LOG_TEXT("four", value), LOG_TEXT("five", value), LOG_TEXT("six", value),
	      LOG_TEXT("seven", value));
	cr_assert_not_null(strstr(fields_of(caught), "...\" seven=\"\\x0a"));
	cr_assert_str_eq(caught + strlen(caught) - strlen("...\"\n"), "...\"\n");
}

static unsigned evaluated;

static uint64_t
evaluate(void)
{
	return ++evaluated;
}

Test(log, values_of_a_line_that_is_not_shown_are_not_evaluated)
{
	log_begin(LOG_LEVEL_INFO);
	log_debug("not shown", LOG_NUMBER("count", evaluate()));
	cr_assert_eq(evaluated, 0);
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
	log_warn("watch out");
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
		log_error("nobody reads");
	log_plain(LOG_LEVEL_ERROR, "nor this");
	cr_assert_lt(clock_ms() - began_ms, 3000);
	cr_assert_eq(log_dropped(), 101);
	close(reading);
}
