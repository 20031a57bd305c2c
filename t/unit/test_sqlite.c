#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "sqlite_kit.h"
#include "store/sqlite_claim.h"

TestSuite(sqlite, .init = begin, .fini = end, .timeout = 60);

/* --- reservations ------------------------------------------------------------------------------- */

Test(sqlite, a_new_counter_begins_at_2)
{
	struct store_session *session = create_and_open();
	uint64_t base;

	cr_assert_eq(newest(session, &base), STORE_OK);
	cr_assert_eq(base, 1);
	cr_assert_eq(first_of(session, 1), 2);
	cr_assert_eq(newest(session, &base), STORE_OK);
	cr_assert_eq(base, 2);
	sqlite_store.close(session);
}

Test(sqlite, a_batch_is_one_progression_after_the_last)
{
	static const uint32_t counts[] = {20, 20, 40, 2, 2, 1, 1000000, UINT32_MAX, 1};
	struct store_session *session = create_and_open();
	uint64_t expected = 2;

	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		cr_assert_eq(first_of(session, counts[i]), expected);
		expected += counts[i];
	}
	sqlite_store.close(session);
}

Test(sqlite, reopening_repeats_nothing)
{
	uint64_t expected = 2;

	cr_assert_eq(create(), STORE_CREATED);
	for (uint32_t i = 1; i <= 10; i++) {
		struct store_session *session = open_session();

		cr_assert_eq(first_of(session, i), expected);
		expected += i;
		sqlite_store.close(session);
		sqlite_store.release(&settings); /* and in a new process */
		sqlite_store.claim(&settings);
	}
}

#define ROUNDS 500

static void *
reserve_many(void *arg)
{
	struct store_session *session = open_session();
	uint64_t *firsts = arg;
	char reason_memory[256];

	for (unsigned i = 0; i < ROUNDS;) {
		struct text reason = TEXT_OVER(reason_memory);
		struct ticket_range bases;
		enum store_result result =
			sqlite_store.reserve(session, STORE_COUNT(3), &bases, &reason);

		cr_assert(result == STORE_OK || result == STORE_BUSY, "%s", reason_memory);
		if (result == STORE_OK)
			firsts[i++] = bases.first;
	}
	sqlite_store.close(session);
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

Test(sqlite, sessions_of_one_process_never_repeat_a_base)
{
	static uint64_t firsts[2 * ROUNDS];
	pthread_t threads[2];

	cr_assert_eq(create(), STORE_CREATED);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, reserve_many, firsts + i * ROUNDS),
			     0);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	qsort(firsts, 2 * ROUNDS, sizeof(*firsts), compare);
	for (size_t i = 0; i < 2 * ROUNDS; i++)
		cr_assert_eq(firsts[i], 2 + 3 * i);
}

Test(sqlite, the_end_of_the_counter_is_exhausted_and_never_wraps)
{
	struct store_session *session;
	struct ticket_range bases;

	cr_assert_eq(create(), STORE_CREATED);
	by_hand("UPDATE tickets SET id = 9223372036854775802");
	session = open_session();
	cr_assert_eq(reserve(session, 6, &bases), STORE_EXHAUSTED);
	cr_assert_eq(first_of(session, 5), INT64_MAX - 4);
	cr_assert_eq(reserve(session, 1, &bases), STORE_EXHAUSTED);
	cr_assert_not_null(strstr(memory, "at its end: 9223372036854775807"), "%s", memory);
	sqlite_store.close(session);
}

Test(sqlite, a_commit_is_synchronous_and_in_the_log)
{
	struct store_session *session = create_and_open();
	struct stat status;
	char log[80];

	first_of(session, 1);
	snprintf(log, sizeof(log), "%s-wal", path);
	cr_assert_eq(stat(log, &status), 0);
	cr_assert_gt(status.st_size, 4096);
	sqlite_store.close(session);
	cr_assert_neq(stat(log, &status), 0); /* the last session has moved it into the database */
}

static void *
close_it(void *session)
{
	sqlite_store.close(session);
	return NULL;
}

Test(sqlite, sessions_that_close_together_leave_no_log)
{
	char log[80];

	cr_assert_eq(create(), STORE_CREATED);
	snprintf(log, sizeof(log), "%s-wal", path);
	for (unsigned i = 0; i < 200; i++) {
		struct store_session *sessions[2] = {open_session(), open_session()};
		pthread_t thread;

		first_of(sessions[i % 2], 1);
		cr_assert_eq(pthread_create(&thread, NULL, close_it, sessions[0]), 0);
		sqlite_store.close(sessions[1]);
		pthread_join(thread, NULL);
		cr_assert_neq(access(log, F_OK), 0, "round %u", i);
	}
}

/* --- createdb ------------------------------------------------------------------------------------- */

Test(sqlite, creating_twice_finds_the_database)
{
	struct store_session *session = create_and_open();

	first_of(session, 5);
	cr_assert_eq(create(), STORE_EXISTED, "%s", memory);
	cr_assert_not_null(strstr(memory, "tickr.db: found"));
	cr_assert_eq(first_of(session, 1), 7);
	sqlite_store.close(session);
}

Test(sqlite, creating_reports_each_part)
{
	cr_assert_eq(create(), STORE_CREATED);
	cr_assert_not_null(strstr(memory, "tickr.db: created\n"));
	cr_assert_not_null(strstr(memory, "settings: pinned (TICKR_MAX_NODES=10 "
					  "TICKR_NODE_NUMBER=3 TICKR_STARTING_OFFSET=326)\n"));
}

Test(sqlite, an_empty_file_can_become_a_database)
{
	write_file("");
	assert_refused("is empty: run tickrd createdb");
	cr_assert_eq(create(), STORE_CREATED, "%s", memory);
}

Test(sqlite, creating_changes_no_database_that_does_not_fit)
{
	by_hand("CREATE TABLE notes (text TEXT)");
	cr_assert_eq(create(), STORE_NOT_CREATED);
	cr_assert_not_null(strstr(memory, "belongs to another program"), "%s", memory);
	by_hand("DROP TABLE notes");
	cr_assert_eq(create(), STORE_CREATED, "%s", memory);
	settings.space.node_number = 4;
	cr_assert_eq(create(), STORE_NOT_CREATED);
	cr_assert_not_null(strstr(memory, "is pinned to"), "%s", memory);
}

Test(sqlite, creating_in_a_folder_that_is_missing_fails)
{
	snprintf(path, sizeof(path), "%s/no/tickr.db", folder);
	cr_assert_eq(create(), STORE_NOT_CREATED);
	cr_assert_not_null(strstr(memory, "/no cannot be used: No such file"), "%s", memory);
}

Test(sqlite, creating_where_a_database_was_lost_fails)
{
	struct store_session *session = create_and_open();

	first_of(session, 1);
	unlink(path); /* its log stays */
	cr_assert_eq(create(), STORE_NOT_CREATED);
	cr_assert_not_null(strstr(memory, "is missing, but its log exists"), "%s", memory);
	sqlite_store.close(session);
}

/* --- refusals ------------------------------------------------------------------------------ */

Test(sqlite, a_missing_file_is_refused)
{
	assert_refused("No such file or directory. Set TICKR_STATE_DIR or");
	cr_assert_neq(access(path, F_OK), 0);
}

Test(sqlite, a_folder_is_refused)
{
	cr_assert_eq(mkdir(path, 0700), 0);
	assert_refused("is not a plain file");
}

Test(sqlite, a_text_file_is_refused)
{
	write_file("Dear diary, today a program wanted to make a database of me. I said no.\n"
		   "It asked again, and so I grew longer than a hundred bytes.\n");
	assert_refused("file is not a database");
	cr_assert_eq(create(), STORE_NOT_CREATED);
}

Test(sqlite, a_file_that_does_not_fit_is_refused_with_the_reason)
{
	static const struct {
		const char *change;
		const char *back;
		const char *why;
	} cases[] = {
		{"PRAGMA user_version = 0", "PRAGMA user_version = 1", "has an older schema: 0"},
		{"PRAGMA user_version = 2", "PRAGMA user_version = 1",
		 "has the schema of a newer tickrd: 2"},
		{"PRAGMA application_id = 7", "PRAGMA application_id = 1953063787",
		 "belongs to another program"},
		{"PRAGMA application_id = 0", "PRAGMA application_id = 1953063787",
		 "or was restored from a .dump: see docs/sqlite.md"},
		{"ALTER TABLE tickets RENAME TO t", "ALTER TABLE t RENAME TO tickets",
		 "no table `tickets`"},
		{"ALTER TABLE tickr_settings RENAME TO t", "ALTER TABLE t RENAME TO tickr_settings",
		 "no table `tickr_settings`"},
		{"ALTER TABLE tickets ADD COLUMN note TEXT", "ALTER TABLE tickets DROP COLUMN note",
		 "an unknown table `tickets`: stub TEXT, id INTEGER, note TEXT"},
		{"UPDATE tickr_settings SET max_nodes = 11",
		 "UPDATE tickr_settings SET max_nodes = 10",
		 "is pinned to TICKR_MAX_NODES=11 TICKR_NODE_NUMBER=3 TICKR_STARTING_OFFSET=326, "
		 "the server is set to TICKR_MAX_NODES=10"},
		{"CREATE TABLE kept AS SELECT * FROM tickets; DELETE FROM tickets",
		 "INSERT INTO tickets SELECT * FROM kept; DROP TABLE kept",
		 "has no row: it is not known which numbers were issued"},
		{"DELETE FROM tickr_settings",
		 "INSERT INTO tickr_settings VALUES (1, 10, 3, 326, '')", "no pinned settings"},
	};

	cr_assert_eq(create(), STORE_CREATED);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		by_hand(cases[i].change);
		assert_refused(cases[i].why);
		by_hand(cases[i].back);
		sqlite_store.close(open_session());
	}
}

Test(sqlite, settings_of_another_node_are_refused)
{
	cr_assert_eq(create(), STORE_CREATED);
	settings.space.node_number = 4;
	assert_refused("TICKR_NODE_NUMBER=3");
}

Test(sqlite, a_file_that_another_process_serves_from_is_refused)
{
	int other;

	cr_assert_eq(create(), STORE_CREATED);
	other = open(path, O_RDWR);
	cr_assert_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	assert_refused("another tickrd serves from");
	close(other);
	sqlite_store.close(open_session());
}

Test(sqlite, a_file_stays_claimed_between_two_sessions)
{
	int other;

	sqlite_store.close(create_and_open());
	other = open(path, O_RDWR);
	cr_assert_neq(flock(other, LOCK_EX | LOCK_NB), 0);
	sqlite_store.release(&settings);
	cr_assert_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	sqlite_store.claim(&settings);
}

/* Return whether a process has SQLite's locks on the file. A process that closes a descriptor of it loses them. */
static bool
has_locks(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	cr_assert_eq(fcntl(fd, F_OFD_GETLK, &lock), 0);
	return lock.l_type != F_UNLCK;
}

/* A second pool of the server: it has a copy of the settings. */
Test(sqlite, two_pools_of_one_process_share_their_claim)
{
	struct store_settings second = settings;
	struct store_session *session = create_and_open(), *other;
	struct text reason = TEXT_OVER(memory);
	int file = open(path, O_RDWR);

	sqlite_store.claim(&second);
	cr_assert_eq(sqlite_store.open(&second, &other, &reason), STORE_OK, "%s", memory);
	cr_assert_eq(first_of(session, 1), 2);
	cr_assert_eq(first_of(other, 1), 3);
	sqlite_store.close(other);
	sqlite_store.release(&second);
	cr_assert_neq(flock(file, LOCK_EX | LOCK_NB), 0);
	cr_assert_eq(first_of(session, 1), 4);
	sqlite_store.close(session);
	close(file);
}

/* A writer that waits in line, and the order in which the line moved. */
struct waiter {
	unsigned number;
	unsigned place; /* 0: it gave up */
};
static unsigned places;

static void *
wait_in_line(void *arg)
{
	char words[128];
	struct text reason = TEXT_OVER(words);
	struct waiter *waiter = arg;

	if (sqlite_claim_begin_write(settings.claim, 10, &reason)) {
		waiter->place = ++places;
		sqlite_claim_end_write(settings.claim);
	}
	return NULL;
}

static unsigned
length_of_line(void)
{
	struct store_claim *claim = settings.claim;
	unsigned length;

	pthread_mutex_lock(&claim->writing.mutex);
	length = claim->writing.length;
	pthread_mutex_unlock(&claim->writing.mutex);
	return length;
}

Test(sqlite, writers_of_one_process_write_in_the_order_in_which_they_asked)
{
	struct text reason = TEXT_OVER(memory);
	struct waiter waiters[3];
	pthread_t threads[3];

	cr_assert(sqlite_claim_begin_write(settings.claim, 1, &reason));
	for (unsigned i = 0; i < 3; i++) {
		waiters[i] = (struct waiter){i, 0};
		cr_assert_eq(pthread_create(&threads[i], NULL, wait_in_line, &waiters[i]), 0);
		while (length_of_line() <= i)
			sched_yield();
	}
	sqlite_claim_end_write(settings.claim);
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		cr_assert_eq(waiters[i].place, i + 1);
	}
}

Test(sqlite, a_writer_gives_up_when_the_present_one_takes_too_long)
{
	struct text reason = TEXT_OVER(memory);

	cr_assert(sqlite_claim_begin_write(settings.claim, 1, &reason));
	cr_assert_not(sqlite_claim_begin_write(settings.claim, 0, &reason));
	cr_assert_not_null(strstr(memory, "has been writing"));
	cr_assert_eq(length_of_line(), 0);
	sqlite_claim_end_write(settings.claim);
	cr_assert(sqlite_claim_begin_write(settings.claim, 1, &reason));
	sqlite_claim_end_write(settings.claim);
}

Test(sqlite, a_file_that_is_served_twice_in_one_process_is_refused)
{
	struct sqlite_settings own_twice = {.path = path, .mutex = PTHREAD_MUTEX_INITIALIZER};
	struct store_settings twice = settings;
	struct store_session *session = create_and_open(), *second;
	struct text reason = TEXT_OVER(memory);
	int other = open(path, O_RDWR);

	twice.own = &own_twice;
	sqlite_store.claim(&twice);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(sqlite_store.open(&twice, &second, &reason), STORE_REFUSED);
	cr_assert(has_locks(other));
	cr_assert_eq(first_of(session, 1), 2);
	cr_assert_neq(flock(other, LOCK_EX | LOCK_NB), 0);
	sqlite_store.close(session);
	sqlite_store.release(&twice);
	close(other);
}

/* --- while it serves ------------------------------------------------------------------------------ */

Test(sqlite, a_slow_writer_makes_the_store_busy)
{
	struct store_session *session = create_and_open();
	struct ticket_range bases;
	uint64_t base;
	sqlite3 *other;

	first_of(session, 1);
	other = open_by_hand();
	cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	cr_assert_eq(reserve(session, 1, &bases), STORE_BUSY);
	cr_assert_eq(newest(session, &base), STORE_OK);
	cr_assert_eq(base, 2);
	sqlite3_close(other);
	cr_assert_eq(first_of(session, 1), 3);
	sqlite_store.close(session);
}

Test(sqlite, vacuum_between_two_reservations_does_no_harm)
{
	struct store_session *session = create_and_open();

	first_of(session, 1);
	by_hand("VACUUM");
	cr_assert_eq(first_of(session, 1), 3);
	sqlite_store.close(session);
}

Test(sqlite, an_emptied_table_is_refused)
{
	struct store_session *session = create_and_open();
	struct ticket_range bases;
	uint64_t base;

	by_hand("DELETE FROM tickets");
	cr_assert_eq(reserve(session, 1, &bases), STORE_REFUSED);
	cr_assert_eq(newest(session, &base), STORE_REFUSED);
	cr_assert_not_null(strstr(memory, "is empty"), "%s", memory);
	sqlite_store.close(session);
}

Test(sqlite, a_deleted_file_is_refused)
{
	struct store_session *session = create_and_open();
	struct ticket_range bases;
	uint64_t base;

	first_of(session, 1);
	unlink(path);
	cr_assert_eq(reserve(session, 1, &bases), STORE_REFUSED);
	cr_assert_not_null(strstr(memory, "was moved or deleted"), "%s", memory);
	cr_assert_eq(newest(session, &base), STORE_REFUSED);
	sqlite_store.close(session);
}

Test(sqlite, another_file_of_that_name_is_refused)
{
	struct store_session *session = create_and_open();
	char aside[80];

	first_of(session, 1);
	sqlite_store.close(session);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	cr_assert_eq(rename(path, aside), 0);
	cr_assert_eq(create(), STORE_CREATED, "%s", memory);
	assert_refused("is not the file that this tickrd began with");
	cr_assert_eq(rename(aside, path), 0);
	session = open_session();
	cr_assert_eq(first_of(session, 1), 3);
	sqlite_store.close(session);
}

/* --- moving the counter ------------------------------------------------------------------------- */

static enum store_result
advance(struct store_session *session, uint64_t base)
{
	struct text reason = TEXT_OVER(memory);

	return sqlite_store.advance(session, base, &reason);
}

Test(sqlite, a_file_may_be_served_by_another_name)
{
	char link[64];
	struct store_session *session;

	cr_assert_eq(create(), STORE_CREATED, "%s", memory);
	snprintf(link, sizeof(link), "%s/link", folder);
	cr_assert_eq(symlink(path, link), 0);
	own.path = link;
	session = open_session();
	cr_assert_eq(first_of(session, 1), 2);
	sqlite_store.close(session);
}

/* No other program finds the commits in a deleted log. The session that closes it last saves them. */
Test(sqlite, a_deleted_log_costs_its_sessions_and_no_ticket)
{
	struct store_session *session = create_and_open(), *other = open_session(), *late = NULL;
	struct ticket_range bases;
	uint64_t base, last = first_of(session, 10) + 9;
	char log[80];

	snprintf(log, sizeof(log), "%s-wal", path);
	cr_assert_eq(unlink(log), 0);
	cr_assert_eq(reserve(session, 1, &bases), STORE_LOST);
	cr_assert_not_null(strstr(memory, "-wal was moved or deleted"), "%s", memory);
	cr_assert_eq(try_open(&late), STORE_LOST, "a session has the old log open");
	sqlite_store.close(session);
	cr_assert_eq(try_open(&late), STORE_LOST, "a session has the old log open");
	cr_assert_eq(newest(other, &base), STORE_LOST);
	sqlite_store.close(other);
	session = open_session();
	cr_assert_gt(first_of(session, 1), last);
	sqlite_store.close(session);
}

Test(sqlite, the_counter_moves_forward_only)
{
	struct store_session *session = create_and_open();
	struct ticket_range bases;

	cr_assert_eq(advance(session, 41), STORE_OK, "%s", memory);
	cr_assert_eq(advance(session, 7), STORE_OK, "%s", memory);
	cr_assert_eq(reserve(session, 1, &bases), STORE_OK, "%s", memory);
	cr_assert_eq(bases.first, 42);
	sqlite_store.close(session);
}

Test(sqlite, a_guest_moves_the_counter_of_a_server)
{
	struct store_session *session = create_and_open();
	struct store_session *guest;
	struct ticket_range bases;

	settings.is_guest = true;
	guest = open_session();
	cr_assert_eq(advance(guest, 41), STORE_OK, "%s", memory);
	sqlite_store.close(guest);
	cr_assert_eq(reserve(session, 1, &bases), STORE_OK, "%s", memory);
	cr_assert_eq(bases.first, 42);
	sqlite_store.close(session);
}

Test(sqlite, unused_bases_return_unless_others_followed)
{
	struct text reason = TEXT_OVER(memory);
	struct store_session *session = NULL;
	struct ticket_range first, second, unused;
	bool is_back;

	cr_assert_eq(create(), STORE_CREATED);
	cr_assert_eq(try_open(&session), STORE_OK);
	cr_assert_eq(sqlite_store.reserve(session, STORE_COUNT(100), &first, &reason), STORE_OK);
	cr_assert_eq(sqlite_store.reserve(session, STORE_COUNT(10), &second, &reason), STORE_OK);
	unused = (struct ticket_range){first.first + 60, 1, 40};
	cr_assert_eq(sqlite_store.give_back(session, &unused, &is_back, &reason), STORE_OK);
	cr_assert_not(is_back, "other bases were reserved after it");
	unused = (struct ticket_range){second.first + 3, 1, 7};
	cr_assert_eq(sqlite_store.give_back(session, &unused, &is_back, &reason), STORE_OK);
	cr_assert(is_back);
	cr_assert_eq(sqlite_store.give_back(session, &unused, &is_back, &reason), STORE_OK);
	cr_assert_not(is_back, "once");
	cr_assert_eq(sqlite_store.reserve(session, STORE_COUNT(1), &first, &reason), STORE_OK);
	cr_assert_eq(first.first, unused.first);
	sqlite_store.close(session);
}
