#include <assert.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite_owner.h"

static char folder[] = "/tmp/tickr-test-XXXXXX";
static char path[64];
static char name[80]; /* of the owner's file */
static char memory[512];

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tickr.db", folder);
	snprintf(name, sizeof(name), "%s-owner", path);
}

static void
end(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert(system(command) == 0);
}

TestSuite(sqlite_owner, .init = begin, .fini = end, .timeout = 20);

/* --- helpers ------------------------------------------------------------------------------------ */

static bool
try_to_take(struct sqlite_owner *owner, bool has_lock)
{
	struct text reason = TEXT_OVER(memory);

	return sqlite_owner_take(owner, path, has_lock, &reason);
}

static bool
is(const struct sqlite_owner *owner)
{
	struct text reason = TEXT_OVER(memory);

	return sqlite_owner_is(owner, &reason);
}

static bool
is_near(void)
{
	struct text reason = TEXT_OVER(memory);

	return sqlite_owner_is_near(path, &reason);
}

/* A process that makes itself the owner and is killed. */
static void
leave_behind(void)
{
	pid_t child = fork();

	if (child == 0) {
		struct sqlite_owner owner = {0};

		_exit(try_to_take(&owner, false) ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &(int){0}, 0), child);
	cr_assert_eq(access(name, F_OK), 0);
}

/* Change the line KEY of the owner's file to VALUE. */
static void
change(const char *key, const char *value)
{
	char command[256];

	snprintf(command, sizeof(command), "sed -i 's/^%s .*/%s %s/' %s", key, key, value, name);
	cr_assert_eq(system(command), 0);
}

static void
write_file(const char *content)
{
	FILE *file = fopen(name, "w");

	cr_assert_not_null(file);
	fputs(content, file);
	fclose(file);
}

/* --- tests -------------------------------------------------------------------------------------- */

Test(sqlite_owner, a_second_owner_is_refused_with_the_name_of_the_first)
{
	struct sqlite_owner first = {0}, second = {0};
	char expected[64];

	cr_assert(try_to_take(&first, false), "%s", memory);
	cr_assert(is(&first));
	cr_assert_not(try_to_take(&second, false));
	snprintf(expected, sizeof(expected), "process %d on ", (int)getpid());
	cr_assert_not_null(strstr(memory, expected), "%s", memory);
	cr_assert_not_null(strstr(memory, name), "%s", memory);
	sqlite_owner_drop(&first);
	cr_assert_neq(access(name, F_OK), 0);
	cr_assert(try_to_take(&second, false), "%s", memory);
	sqlite_owner_drop(&second);
}

Test(sqlite_owner, a_process_that_never_had_to_be_the_owner_passes)
{
	cr_assert(is(&(struct sqlite_owner){0}));
}

Test(sqlite_owner, the_lock_of_this_mount_proves_that_the_owner_has_ended)
{
	struct sqlite_owner owner = {0};

	leave_behind();
	change("process", "1"); /* as after the restart of a container, with other numbers */
	change("namespace", "7");
	cr_assert_not(try_to_take(&owner, false));
	cr_assert(try_to_take(&owner, true), "%s", memory);
	sqlite_owner_drop(&owner);
}

Test(sqlite_owner, on_another_mount_a_process_that_has_ended_is_no_owner)
{
	struct sqlite_owner owner = {0};

	leave_behind();
	change("device", "7");
	cr_assert(try_to_take(&owner, true), "%s", memory);
	sqlite_owner_drop(&owner);
}

Test(sqlite_owner, a_reused_process_number_is_no_owner)
{
	struct sqlite_owner first = {0}, second = {0};

	cr_assert(try_to_take(&first, false));
	change("started", "7");
	cr_assert(try_to_take(&second, false), "%s", memory);
	sqlite_owner_drop(&second);
	sqlite_owner_drop(&first);
}

Test(sqlite_owner, an_owner_in_another_kernel_is_never_dead)
{
	struct sqlite_owner owner = {0};

	leave_behind();
	change("boot", "12345678-1234-1234-1234-123456789abc");
	cr_assert_not(try_to_take(&owner, true));
	change("boot", "-");
	cr_assert_not(try_to_take(&owner, true));
	cr_assert_eq(unlink(name), 0);
	cr_assert(try_to_take(&owner, false), "%s", memory);
	sqlite_owner_drop(&owner);
}

Test(sqlite_owner, a_file_that_names_no_process_is_left_to_the_operator)
{
	static const char *const contents[] = {"", "-", "tickrd serves from this database"};
	struct sqlite_owner owner = {0};

	for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
		write_file(contents[i]);
		cr_assert_not(try_to_take(&owner, true));
		cr_assert_not_null(strstr(memory, "names no process"), "%s", memory);
	}
}

Test(sqlite_owner, an_owner_notices_that_its_file_was_replaced)
{
	struct sqlite_owner owner = {0};

	cr_assert(try_to_take(&owner, false));
	cr_assert_eq(unlink(name), 0);
	cr_assert_not(is(&owner));
	cr_assert_not_null(strstr(memory, "was removed or replaced"), "%s", memory);
	write_file("another's");
	cr_assert_not(is(&owner));
	sqlite_owner_drop(&owner);
	cr_assert_eq(access(name, F_OK), 0);
}

/* Wait for START, become the owner, write the result to RESULT, and live until the test closes its END. */
static void
race(int start, int result, int end_of_test)
{
	struct sqlite_owner owner = {0};
	char answer;

	(void)!read(start, &answer, 1);
	answer = try_to_take(&owner, false) && is(&owner) ? 'y' : 'n';
	(void)!write(result, &answer, 1);
	(void)!read(end_of_test, &answer, 1);
	_exit(0);
}

Test(sqlite_owner, at_most_one_of_many_follows_a_dead_owner)
{
	enum { RACERS = 8 };
	int start[2], result[2], end_of_test[2];
	unsigned owners = 0;
	char answers[RACERS];

	leave_behind();
	cr_assert_eq(pipe(start) | pipe(result) | pipe(end_of_test), 0);
	for (unsigned i = 0; i < RACERS; i++)
		if (fork() == 0) {
			close(end_of_test[1]);
			race(start[0], result[1], end_of_test[0]);
		}
	cr_assert_eq(write(start[1], "12345678", RACERS), RACERS);
	for (unsigned i = 0; i < RACERS; i++)
		cr_assert_eq(read(result[0], &answers[i], 1), 1);
	close(end_of_test[1]);
	for (unsigned i = 0; i < RACERS; i++) {
		owners += answers[i] == 'y';
		wait(NULL);
	}
	cr_assert_leq(owners, 1);
}

Test(sqlite_owner, a_guest_must_be_on_the_mount_of_the_owner)
{
	struct sqlite_owner owner = {0};

	cr_assert(try_to_take(&owner, false));
	cr_assert(is_near(), "%s", memory);
	change("device", "7");
	cr_assert_not(is_near());
	cr_assert_eq(unlink(name), 0);
	cr_assert_not(is_near());
	sqlite_owner_drop(&owner);
}
