#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sqlite_kit.h"
#include "base/clock.h"
#include "store/sqlite_claim.h"

TestSuite(sqlite_files, .init = begin, .fini = end, .timeout = 60);

/* --- helpers ------------------------------------------------------------------------------------ */

static const char *
beside(const char *suffix)
{
	static char name[80];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return name;
}

/* SESSION must return RESULT and no base. The reason must contain WHY. */
static void
assert_returns_nothing(struct store_session *session, enum store_result result, const char *why)
{
	struct ticket_range bases;
	uint64_t base;

	cr_assert_eq(reserve(session, 1, &bases), result, "%s", memory);
	cr_assert_not_null(strstr(memory, why), "\"%s\" is not in: %s", why, memory);
	cr_assert_eq(newest(session, &base), result, "%s", memory);
	cr_assert_not_null(strstr(memory, why), "\"%s\" is not in: %s", why, memory);
}

static void
link_to(const char *from, const char *to)
{
	char other[80];

	snprintf(other, sizeof(other), "%s/%s", folder, to);
	cr_assert_eq(link(from, other), 0);
}

/* --- before it is opened -------------------------------------------------------------------------- */

Test(sqlite_files, a_file_with_two_names_is_refused)
{
	cr_assert_eq(create(), STORE_CREATED);
	link_to(path, "other.db");
	assert_refused("has 2 names (hard links)");
	cr_assert_eq(create(), STORE_NOT_CREATED);
	cr_assert_not_null(strstr(memory, "has 2 names (hard links)"), "%s", memory);
	snprintf(memory, sizeof(memory), "%s/other.db", folder);
	cr_assert_eq(unlink(memory), 0);
	sqlite_store.close(open_session());
}

Test(sqlite_files, a_log_that_is_no_plain_file_is_refused)
{
	cr_assert_eq(create(), STORE_CREATED);
	cr_assert_eq(symlink("/nowhere", beside("-wal")), 0);
	assert_refused("tickr.db-wal is not a plain file");
	cr_assert_eq(unlink(beside("-wal")), 0);
	cr_assert_eq(mkdir(beside("-shm"), 0700), 0);
	assert_refused("tickr.db-shm is not a plain file");
}

Test(sqlite_files, a_link_to_a_missing_file_is_not_made)
{
	cr_assert_eq(symlink("elsewhere.db", path), 0);
	cr_assert_eq(create(), STORE_NOT_CREATED);
	cr_assert_not_null(strstr(memory, "symbolic link to a file that is missing"), "%s", memory);
}

/* The log is not in the folder of the link. */
Test(sqlite_files, the_log_is_checked_next_to_the_file_that_a_link_leads_to)
{
	char link_path[80];

	cr_assert_eq(create(), STORE_CREATED);
	cr_assert_eq(symlink("/nowhere", beside("-wal")), 0);
	snprintf(link_path, sizeof(link_path), "%s/folder", folder);
	cr_assert_eq(mkdir(link_path, 0700), 0);
	snprintf(link_path, sizeof(link_path), "%s/folder/link", folder);
	cr_assert_eq(symlink(path, link_path), 0);
	own.path = link_path;
	assert_refused("tickr.db-wal is not a plain file");
}

/* --- while it serves ------------------------------------------------------------------------------ */

Test(sqlite_files, a_deleted_index_costs_its_sessions_and_no_ticket)
{
	struct store_session *session = create_and_open(), *other = open_session(), *late = NULL;
	uint64_t last = first_of(session, 10) + 9;

	cr_assert_eq(unlink(beside("-shm")), 0);
	assert_returns_nothing(session, STORE_LOST, "tickr.db-shm was moved or deleted");
	cr_assert_eq(try_open(&late), STORE_LOST, "a session has the old index open");
	sqlite_store.close(session);
	sqlite_store.close(other);
	session = open_session();
	cr_assert_eq(first_of(session, 1), last + 1);
	sqlite_store.close(session);
}

Test(sqlite_files, log_and_index_deleted_together_cost_no_ticket)
{
	struct store_session *session = create_and_open(), *other = open_session();
	uint64_t last = first_of(session, 10) + 9;

	cr_assert_eq(unlink(beside("-shm")), 0);
	cr_assert_eq(unlink(beside("-wal")), 0);
	assert_returns_nothing(session, STORE_LOST, "was moved or deleted");
	sqlite_store.close(session);
	sqlite_store.close(other);
	session = open_session();
	cr_assert_eq(first_of(session, 1), last + 1);
	sqlite_store.close(session);
}

static void
wait_for_next_millisecond(void)
{
	uint64_t now_ms = clock_ms();

	while (clock_ms() == now_ms)
		continue;
}

/* The index is mapped into memory: reading past its end is a SIGBUS. */
Test(sqlite_files, an_index_cut_short_does_not_end_the_process)
{
	struct store_session *session = create_and_open();
	uint64_t last = first_of(session, 10) + 9;

	wait_for_next_millisecond();
	cr_assert_eq(truncate(beside("-shm"), 0), 0);
	assert_returns_nothing(session, STORE_LOST, "tickr.db-shm was cut short");
	sqlite_store.close(session);
	session = open_session();
	cr_assert_eq(first_of(session, 1), last + 1);
	sqlite_store.close(session);
}

/* The commits in the log are lost. No commit may follow the hole: a recovery would not find it. */
Test(sqlite_files, a_log_cut_short_is_lost)
{
	struct store_session *session = create_and_open();
	struct stat before, after;

	first_of(session, 10);
	cr_assert_eq(truncate(beside("-wal"), 0), 0);
	cr_assert_eq(stat(path, &before), 0);
	assert_returns_nothing(session, STORE_LOST, "tickr.db-wal was cut short");
	sqlite_store.close(session);
	cr_assert_eq(stat(path, &after), 0);
	cr_assert_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec, "the hole is not copied");
	sqlite_store.close(open_session());
}

Test(sqlite_files, a_checkpoint_of_another_program_costs_no_ticket)
{
	struct store_session *session = create_and_open();
	struct ticket_range bases;
	uint64_t last = first_of(session, 10) + 9;

	by_hand("PRAGMA wal_checkpoint(TRUNCATE)");
	cr_assert_eq(reserve(session, 1, &bases), STORE_LOST);
	sqlite_store.close(session);
	session = open_session();
	cr_assert_eq(first_of(session, 1), last + 1);
	sqlite_store.close(session);
}

Test(sqlite_files, a_second_name_under_a_server_is_refused_until_it_is_removed)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct store_session *session = create_and_open();
	uint64_t last = first_of(session, 1);
	char other[80];

	snprintf(other, sizeof(other), "%s/other", folder);
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		cr_assert_eq(link(beside(suffixes[i]), other), 0);
		assert_returns_nothing(session, STORE_REFUSED, "has a second name");
		cr_assert_eq(unlink(other), 0);
		cr_assert_gt(first_of(session, 1), last++);
	}
	sqlite_store.close(session);
}

Test(sqlite_files, an_emptied_file_is_refused)
{
	struct store_session *session = create_and_open();

	first_of(session, 1);
	cr_assert_eq(truncate(path, 0), 0);
	assert_returns_nothing(session, STORE_REFUSED, "was emptied");
	sqlite_store.close(session);
}

Test(sqlite_files, a_copy_renamed_over_the_file_is_refused)
{
	struct store_session *session = create_and_open();
	char command[200];

	snprintf(command, sizeof(command), "cp %s %s.copy", path, path);
	cr_assert_eq(system(command), 0);
	first_of(session, 1);
	cr_assert_eq(rename(beside(".copy"), path), 0);
	assert_returns_nothing(session, STORE_REFUSED, "was moved or deleted");
	sqlite_store.close(session);
	assert_refused("is not the file that this tickrd began with");
}

/* The page of the counter is in the log, so SQLite does not read the older one. */
Test(sqlite_files, an_older_copy_written_over_the_file_costs_no_ticket)
{
	struct store_session *session = create_and_open();
	char command[200];
	uint64_t last;

	sqlite_store.close(session);
	snprintf(command, sizeof(command), "cp %s %s.copy", path, path);
	cr_assert_eq(system(command), 0);
	session = open_session();
	first_of(session, 100);
	snprintf(command, sizeof(command), "cp %s.copy %s", path, path);
	cr_assert_eq(system(command), 0);
	last = first_of(session, 1);
	cr_assert_eq(last, 102);
	sqlite_store.close(session);
	session = open_session();
	cr_assert_eq(first_of(session, 1), 103);
	sqlite_store.close(session);
}

/* --- the schema ----------------------------------------------------------------------------------- */

#define TRIGGER                                        \
	"CREATE TRIGGER back AFTER UPDATE ON tickets " \
	"BEGIN UPDATE tickets SET id = 5 WHERE id < 1000000; END"

Test(sqlite_files, a_trigger_on_the_counter_is_refused)
{
	cr_assert_eq(create(), STORE_CREATED);
	by_hand(TRIGGER);
	assert_refused("has a trigger, which may change the counter: DROP TRIGGER back");
	by_hand("DROP TRIGGER back");
	sqlite_store.close(open_session());
}

Test(sqlite_files, a_trigger_made_under_a_server_is_refused)
{
	struct store_session *session = create_and_open();
	struct ticket_range bases;

	first_of(session, 10);
	by_hand(TRIGGER);
	cr_assert_eq(reserve(session, 1, &bases), STORE_REFUSED);
	cr_assert_not_null(strstr(memory, "has a trigger"), "%s", memory);
	sqlite_store.close(session);
}

Test(sqlite_files, a_column_added_under_a_server_is_refused)
{
	struct store_session *session = create_and_open();
	struct ticket_range bases;
	uint64_t base;

	first_of(session, 10);
	by_hand("ALTER TABLE tickets ADD COLUMN note TEXT");
	cr_assert_eq(newest(session, &base), STORE_REFUSED);
	cr_assert_eq(reserve(session, 1, &bases), STORE_REFUSED);
	cr_assert_not_null(strstr(memory, "an unknown table `tickets`"), "%s", memory);
	sqlite_store.close(session);
}

Test(sqlite_files, a_change_that_does_not_matter_costs_nothing)
{
	struct store_session *session = create_and_open();

	first_of(session, 10);
	by_hand("CREATE TABLE notes (text TEXT)");
	cr_assert_eq(first_of(session, 1), 12);
	by_hand("VACUUM");
	cr_assert_eq(first_of(session, 1), 13);
	sqlite_store.close(session);
}

Test(sqlite_files, opening_restores_the_journal_mode)
{
	static const char *const modes[] = {"DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF"};
	struct stat status;

	cr_assert_eq(create(), STORE_CREATED);
	for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
		struct store_session *session;
		char sql[64];

		snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", modes[i]);
		by_hand(sql);
		session = open_session();
		first_of(session, 1);
		cr_assert_eq(stat(beside("-wal"), &status), 0, "%s", modes[i]);
		cr_assert_gt(status.st_size, 0, "%s", modes[i]);
		sqlite_store.close(session);
	}
}

/* --- turns ------------------------------------------------------------------------------------------ */

Test(sqlite_files, a_session_that_hangs_blocks_no_other_for_ever)
{
	struct store_session *session = create_and_open(), *late;
	struct text reason = TEXT_OVER(memory);

	cr_assert(sqlite_claim_begin_turn(settings.claim, 1, &reason));
	cr_assert_eq(try_open(&late), STORE_FAILED);
	cr_assert_not_null(strstr(memory, "the disk stalls"), "%s", memory);
	first_of(session, 1);
	sqlite_store.close(session);
	sqlite_claim_end_turn(settings.claim);
	session = open_session();
	cr_assert_eq(first_of(session, 1), 3);
	sqlite_store.close(session);
}

/* --- createdb --------------------------------------------------------------------------------------- */

static enum store_create_result
create_at(uint64_t newest)
{
	const struct create_order order = {newest, STORE_LAYOUT_USUAL, false};
	struct text report = TEXT_OVER(memory);

	return sqlite_store.create(&settings, &order, &report);
}

/* Create in a process that is killed when a file exceeds LIMIT bytes. Return whether it was killed. */
static bool
create_until(uint64_t newest, rlim_t limit)
{
	const struct rlimit of_files = {limit, limit}, none = {0};
	pid_t child = fork();
	int status;

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		setrlimit(RLIMIT_FSIZE, &of_files);
		_exit(create_at(newest) == STORE_CREATED ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status);
}

Test(sqlite_files, a_killed_createdb_leaves_nothing_or_all)
{
	unsigned kills = 0;

	for (rlim_t limit = 0; limit <= 60000; limit += 500) {
		struct store_session *session;

		kills += create_until(1000, limit);
		cr_assert_neq(create_at(1000), STORE_NOT_CREATED, "%zu: %s", (size_t)limit, memory);
		session = open_session();
		cr_assert_eq(first_of(session, 1), 1001);
		cr_assert_eq(strlen(sqlite_store.identity(session)), 32);
		sqlite_store.close(session);
		sqlite_store.release(&settings);
		sqlite_store.claim(&settings);
		unlink(beside("-wal"));
		unlink(beside("-shm"));
		cr_assert_eq(unlink(path), 0);
	}
	cr_assert_gt(kills, 10);
	cr_assert_lt(kills, 120);
}

Test(sqlite_files, of_two_createdb_one_makes_the_file)
{
	for (unsigned i = 0; i < 20; i++) {
		unsigned made = 0;
		int status;

		for (unsigned j = 0; j < 2; j++)
			if (fork() == 0)
				_exit((int)create_at(1));
		for (unsigned j = 0; j < 2; j++) {
			cr_assert_gt(wait(&status), 0);
			cr_assert(WIFEXITED(status));
			cr_assert_neq(WEXITSTATUS(status), STORE_NOT_CREATED);
			made += WEXITSTATUS(status) == STORE_CREATED;
		}
		cr_assert_eq(made, 1);
		cr_assert_eq(unlink(path), 0);
	}
}

/* --- identity --------------------------------------------------------------------------------------- */

Test(sqlite_files, createdb_makes_an_identity_that_stays)
{
	struct store_session *session = create_and_open();
	char identity[33];

	snprintf(identity, sizeof(identity), "%s", sqlite_store.identity(session));
	cr_assert_eq(strspn(identity, "0123456789abcdef"), 32, "%s", identity);
	first_of(session, 1);
	sqlite_store.close(session);
	cr_assert_eq(create(), STORE_EXISTED);
	cr_assert_not_null(strstr(memory, "identity: found\n"), "%s", memory);
	session = open_session();
	cr_assert_str_eq(sqlite_store.identity(session), identity);
	sqlite_store.close(session);
}

Test(sqlite_files, a_database_without_an_identity_serves_and_createdb_adds_one)
{
	struct store_session *session = create_and_open();
	uint64_t last = first_of(session, 5) + 4;

	by_hand("DROP TABLE tickr_identity");
	cr_assert_eq(first_of(session, 1), ++last);
	sqlite_store.close(session);
	session = open_session();
	cr_assert_str_eq(sqlite_store.identity(session), "");
	cr_assert_eq(create(), STORE_CREATED, "%s", memory);
	cr_assert_not_null(strstr(memory, "table `tickets`: found\n"), "%s", memory);
	cr_assert_not_null(strstr(memory, "identity: made\n"), "%s", memory);
	cr_assert_eq(first_of(session, 1), ++last, "under a server");
	cr_assert_eq(strlen(sqlite_store.identity(session)), 32, "the open session reads it");
	sqlite_store.close(session);
}
