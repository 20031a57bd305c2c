#include <assert.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "pool/high_water.h"

static const struct ticket_space space = {10, 3, 326};
static char folder[] = "/tmp/tickr-test-water-XXXXXX";
static char memory[512];
static struct text problem;
static struct state_file *file;
static struct high_water mark;

static void
open_file(void)
{
	file = state_file_open(folder, &space, &problem);
	cr_assert(file, "%s", memory);
	high_water_init(&mark, file, "db");
}

static void
close_file(void)
{
	high_water_destroy(&mark);
	state_file_close(file);
}

static void
begin(void)
{
	problem = TEXT_OVER(memory);
	cr_assert(mkdtemp(folder));
	open_file();
}

static void
end(void)
{
	static const char *const names[] = {"state", "lock"};
	char path[128];

	close_file();
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/node-3.%s", folder, names[i]);
		unlink(path);
	}
	assert(rmdir(folder) == 0); /* nothing else is left */
}

TestSuite(high_water, .init = begin, .fini = end);

static bool
covers(uint64_t first, uint64_t increment, uint32_t count)
{
	struct ticket_range bases = {first, increment, count};

	return high_water_covers(&mark, &bases, &problem);
}

/* The bound of class I on the disk. */
static void
disk_says(uint64_t i, uint64_t given, uint64_t ahead)
{
	struct record record = {0};

	cr_assert(state_file_look(folder, &space, &record, &problem), "%s", memory);
	cr_assert_lt(i, record.given.step);
	cr_assert_eq(record.given.highest[i], given, "given is %lu", record.given.highest[i]);
	cr_assert_eq(record.ahead.highest[i], ahead, "ahead is %lu", record.ahead.highest[i]);
	record_free(&record);
}

Test(high_water, the_disk_is_ahead_of_issued_bases)
{
	cr_assert(covers(2, 1, 1));
	disk_says(0, 2, 1002);
	cr_assert(covers(3, 1, 1000));
	disk_says(0, 2, 1002);
	cr_assert(covers(1003, 1, 5));
	disk_says(0, 1007, 3007);
}

Test(high_water, the_margin_grows_to_its_limit_under_load)
{
	uint64_t base = 2;

	for (int i = 0; i < 20; i++, base = mark.record.ahead.highest[0] + 1)
		cr_assert(covers(base, 1, 1));
	disk_says(0, mark.record.given.highest[0],
		  mark.record.given.highest[0] + HIGH_WATER_MOST_MARGIN);
}

Test(high_water, the_bound_is_moved_before_it_is_reached)
{
	cr_assert(covers(2, 1, 500));
	cr_assert(high_water_tend(&mark, clock_ms(), &problem));
	disk_says(0, 501, 1501);
	cr_assert(covers(502, 1, 500));
	cr_assert(high_water_tend(&mark, clock_ms(), &problem));
	disk_says(0, 501, 1501);
	cr_assert(covers(1002, 1, 1));
	cr_assert(high_water_tend(&mark, clock_ms(), &problem));
	disk_says(0, 1002, 3002);
}

Test(high_water, at_the_end_of_the_space_the_bound_stands_still)
{
	uint64_t last = space_last_base(&space);
	uint64_t moved_ms;

	cr_assert(covers(last - 10, 1, 1));
	moved_ms = mark.moved_ms;
	cr_assert(high_water_tend(&mark, clock_ms() + 1, &problem));
	cr_assert_eq(mark.moved_ms, moved_ms, "it is not written again and again");
	disk_says(0, last - 10, last);
}

Test(high_water, the_margin_shrinks_when_nothing_happens)
{
	uint64_t now_ms = clock_ms();

	cr_assert(covers(2, 1, 1));
	cr_assert(covers(1003, 1, 1));
	cr_assert(covers(3004, 1, 1));
	disk_says(0, 3004, 7004);
	cr_assert(high_water_tend(&mark, now_ms + 9000, &problem));
	disk_says(0, 3004, 7004);
	cr_assert(high_water_tend(&mark, now_ms + 11000, &problem));
	disk_says(0, 3004, 5004);
	cr_assert(high_water_tend(&mark, now_ms + 22000, &problem));
	disk_says(0, 3004, 4004);
	cr_assert(high_water_tend(&mark, now_ms + 40000, &problem));
	disk_says(0, 3004, 4004);
	cr_assert(covers(4005, 1, 1), "and a base above the lower bound moves it");
	disk_says(0, 4005, 6005);
}

/* A thread reads the clock, and then waits for another one that moves the bound. */
Test(high_water, the_margin_of_a_bound_that_was_moved_since_does_not_shrink)
{
	cr_assert(covers(2, 1, 1));
	cr_assert(covers(1003, 1, 1));
	cr_assert(high_water_tend(&mark, mark.moved_ms - 1, &problem));
	disk_says(0, 1003, 3003);
}

Test(high_water, each_class_has_a_bound_in_its_own_steps)
{
	cr_assert(covers(1001, 2, 10));
	disk_says(1, 1019, 3019);
	cr_assert(covers(2, 2, 1));
	disk_says(0, 2, 4002);
	disk_says(1, 1019, 5019);
}

Test(high_water, a_changed_increment_is_covered_too)
{
	cr_assert(covers(2, 1, 100));
	cr_assert(covers(1003, 3, 3));
	for (uint64_t i = 0; i < 3; i++)
		cr_assert_geq(mark.record.ahead.highest[i], 1009 - 6);
	cr_assert(covers(2000, 2, 700));
	for (uint64_t base = 2000; base < 3400; base += 2)
		cr_assert_geq(mark.record.ahead.highest[base % 6], base);
}

Test(high_water, the_bound_is_never_after_the_last_ticket_of_the_space)
{
	uint64_t last = space_last_base(&space);

	cr_assert(covers(last - 10, 1, 1));
	disk_says(0, last - 10, last);
	cr_assert(covers(last, 1, 5), "other code refuses bases without a ticket");
	disk_says(0, last + 4, last + 4);
}

Test(high_water, if_classes_become_one_the_disk_is_ahead_of_issued_bases_too)
{
	struct record record = {0};

	cr_assert(covers(1000, 1000, 1));
	cr_assert(covers(5000001, 1000, 1));
	disk_says(0, 1000, 2001000);
	cr_assert(covers(4004000, 1001, 1), "of class 0 before, and below the bound of class 1");
	cr_assert(state_file_look(folder, &space, &record, &problem), "%s", memory);
	cr_assert_geq(record.ahead.highest[4004000 % record.ahead.step], 4004000);
	record_free(&record);
	cr_assert(covers(4005000, 1000, 3));
	cr_assert(covers(4006001, 1001, 3));
	cr_assert_eq(mark.record.ahead.step, mark.record.given.step);
	cr_assert_eq(mark.unsure.step, mark.record.given.step);
}

Test(high_water, a_clean_end_is_exact)
{
	cr_assert(covers(2, 1, 41));
	cr_assert(high_water_end(&mark, &problem));
	disk_says(0, 42, 42);
}

Test(high_water, bases_given_back_do_not_count_as_issued)
{
	cr_assert(covers(2, 1, 1000));
	high_water_give_back(&mark, 42);
	cr_assert(high_water_end(&mark, &problem));
	disk_says(0, 42, 42);
}

Test(high_water, the_bound_of_the_last_run_stays_until_it_is_passed)
{
	cr_assert(covers(2, 1, 1));
	disk_says(0, 2, 1002);
	close_file(); /* as if killed */
	open_file();
	cr_assert(high_water_end(&mark, &problem));
	disk_says(0, 2, 1002);
	close_file();
	open_file();
	cr_assert(covers(1003, 1, 1));
	disk_says(0, 1003, 2003);
	cr_assert(high_water_end(&mark, &problem));
	disk_says(0, 1003, 1003);
}

Test(high_water, while_it_cannot_be_written_nothing_is_covered)
{
	char in_the_way[128];

	snprintf(in_the_way, sizeof(in_the_way), "%s/node-3.new", folder);
	cr_assert(covers(2, 1, 1));
	cr_assert_eq(mkdir(in_the_way, 0700), 0);
	cr_assert(covers(3, 1, 1), "what the disk knows may be given");
	cr_assert_not(covers(1003, 1, 1));
	cr_assert_not_null(strstr(memory, "/node-3.state cannot be written: Is a directory"));
	cr_assert_not(high_water_is_kept(&mark, &problem));
	cr_assert_not(high_water_tend(&mark, clock_ms(), &problem));
	disk_says(0, 2, 1002);
	cr_assert_eq(rmdir(in_the_way), 0);
	cr_assert(high_water_tend(&mark, clock_ms(), &problem));
	cr_assert(high_water_is_kept(&mark, &problem));
	cr_assert(covers(1004, 1, 1));
}

/* The first save in a removed folder fails. After that the file must still be checked. */
Test(high_water, a_removed_folder_is_made_again_after_a_failed_save)
{
	char path[128];

	cr_assert(covers(2, 1, 1));
	snprintf(path, sizeof(path), "%s/node-3.state", folder);
	cr_assert_eq(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/node-3.lock", folder);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rmdir(folder), 0);
	cr_assert_not(covers(1003, 1, 1));
	cr_assert(high_water_tend(&mark, clock_ms() + 2000, &problem), "%s", memory);
	cr_assert(high_water_is_kept(&mark, &problem));
	disk_says(0, 1003, 3003);
}

/* Two servers in one folder, whose lock was removed between their starts. */
Test(high_water, a_lock_that_another_server_has_taken_is_logged_once)
{
	char path[128], logged[1000];
	struct state_file *other;
	int lines[2], error = dup(STDERR_FILENO);
	ssize_t len;

	cr_assert(covers(2, 1, 1));
	snprintf(path, sizeof(path), "%s/node-3.lock", folder);
	cr_assert_eq(unlink(path), 0);
	other = state_file_open(folder, &space, &problem);
	cr_assert(other);
	cr_assert_eq(pipe(lines), 0);
	cr_assert_eq(dup2(lines[1], STDERR_FILENO), STDERR_FILENO);
	for (uint64_t i = 1; i <= 5; i++)
		cr_assert(high_water_tend(&mark, clock_ms() + 2000 * i, &problem));
	dup2(error, STDERR_FILENO);
	len = read(lines[0], logged, sizeof(logged) - 1);
	cr_assert_gt(len, 0);
	logged[len] = '\0';
	cr_assert_not_null(strstr(logged, "the state file was removed"));
	cr_assert_null(strstr(strstr(logged, "removed") + 60, "the state file was removed"), "%s",
		       logged);
	state_file_close(other);
}

/* Otherwise some seconds of a full disk, and a kill, would leave a gap of 100 million. */
Test(high_water, the_margin_does_not_grow_while_it_cannot_be_written)
{
	char in_the_way[128];

	snprintf(in_the_way, sizeof(in_the_way), "%s/node-3.new", folder);
	cr_assert(covers(2, 1, 1));
	cr_assert_eq(mkdir(in_the_way, 0700), 0);
	for (uint64_t base = 1003; base < 1023; base++)
		cr_assert_not(covers(base, 1, 1));
	cr_assert_eq(rmdir(in_the_way), 0);
	cr_assert(high_water_tend(&mark, clock_ms(), &problem));
	disk_says(0, 1022, 3022);
}

Test(high_water, without_a_file_everything_is_covered)
{
	struct high_water none;

	high_water_init(&none, NULL, "db");
	cr_assert(high_water_covers(&none, &(struct ticket_range){2, 1, 1000000}, &problem));
	cr_assert(high_water_tend(&none, clock_ms(), &problem));
	cr_assert(high_water_end(&none, &problem));
	high_water_destroy(&none);
}
