#include <assert.h>
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answers.h"
#include "base/clock.h"
#include "base/log.h"
#include "pool_kit.h"
#include "store/memory.h"

/*
 * The counter as a pool uses it, on the memory store: two databases are two scripts. A pool may be
 * stopped and another one started on the same state folder, which is a restart.
 */

#define PATIENCE_MS 30000

static const struct ticket_space space = {1, 0, 1};
static struct memory_script script, other;
static struct state_file *state;
static char folder[] = "/tmp/tickr-test-counter-XXXXXX";
static _Atomic unsigned refusals; /* that the listener has noted */

static void
told(void *arg, const struct ticket_space *told_of, bool is_trusted)
{
	(void)arg;
	assert(space_equals(told_of, &space));
	refusals += !is_trusted;
}

/* The latch that the state file has; 0: none. */
static uint64_t
latch_on_disk(void)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};
	uint64_t latch;

	assert(state_file_look(folder, &space, &record, &problem));
	latch = classes_top(&record.latches);
	record_free(&record);
	return latch;
}

/* The memory store; but when the counter is moved it notes what the state file says. */
static struct store store;
static _Atomic uint64_t latch_at_move;
static _Atomic unsigned moves;
static _Atomic bool is_move_failing;

static enum store_result
watch_advance(struct store_session *session, uint64_t base, struct text *text)
{
	latch_at_move = latch_on_disk();
	moves++;
	if (is_move_failing) {
		text_add(text, "somebody locks the table");
		return STORE_BUSY;
	}
	return memory_store.advance(session, base, text);
}

static _Atomic bool is_look_failing;
static _Atomic bool is_look_hanging; /* the next one, until this is false again */
static _Atomic unsigned hanging;

static enum store_result
watch_newest(struct store_session *session, uint64_t *base, struct text *text)
{
	if (is_look_hanging && hanging++ == 0)
		while (is_look_hanging)
			usleep(1000);
	if (!is_look_failing)
		return memory_store.newest(session, base, text);
	text_add(text, "no reader is served");
	return STORE_BUSY;
}

/* The first statement that reserves while a hold is set waits in the database, and then on its way back. */
enum hold {
	HOLD_NONE,
	HOLD_NEXT,   /* the next statement */
	HOLD_BEFORE, /* one waits and has done nothing */
	HOLD_AFTER,  /* it may do its work, and then waits again */
};
static _Atomic enum hold hold;

static void
wait_while(enum hold held)
{
	while (hold == held)
		usleep(1000);
}

static enum store_result
watch_reserve(struct store_session *session, const struct store_order *order,
	      struct ticket_range *bases, struct text *text)
{
	enum hold next = HOLD_NEXT;
	bool is_held = atomic_compare_exchange_strong(&hold, &next, HOLD_BEFORE);
	enum store_result result;

	if (is_held)
		wait_while(HOLD_BEFORE);
	result = memory_store.reserve(session, order, bases, text);
	if (is_held)
		wait_while(HOLD_AFTER);
	return result;
}

static void
start_on(struct memory_script *counted)
{
	struct pool_settings settings = {.store = &store,
					 .database = {.own = counted, .space = space},
					 .sessions = 2,
					 .name = "memory",
					 .listener = {told, NULL}};
	char memory[512];
	struct text problem = TEXT_OVER(memory);

	state = state_file_open(folder, &space, &problem);
	assert(state != NULL);
	settings.state = state;
	pool = pool_new(&settings);
	assert(pool_start(pool));
	pool_wait_known(pool, PATIENCE_MS);
}

static void
stop(void)
{
	assert(pool_stop(pool, clock_ms() + PATIENCE_MS));
	pool_free(pool);
	state_file_close(state);
}

/* Make the state file of a server that has stopped as it would be after a kill. */
static void
make_end_unclean(void)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};

	state = state_file_open(folder, &space, &problem);
	assert(state != NULL);
	record_copy(&record, state_file_record(state));
	record.ahead.highest[0] += 1000;
	assert(state_file_save(state, &record, &problem));
	record_free(&record);
	state_file_close(state);
}

static void
begin(void)
{
	log_begin(LOG_LEVEL_ERROR);
	store = memory_store;
	store.advance = watch_advance;
	store.newest = watch_newest;
	store.reserve = watch_reserve;
	assert(mkdtemp(folder) != NULL);
	memory_script_init(&script);
	memory_script_init(&other);
	script.identity = "00000000000000000000000000000001";
	other.identity = "00000000000000000000000000000002";
	start_on(&script);
}

static void
end(void)
{
	static const char *const names[] = {"state", "lock"};
	char path[128];

	stop();
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/node-0.%s", folder, names[i]);
		unlink(path);
	}
	assert(rmdir(folder) == 0);
	memory_script_destroy(&other);
	memory_script_destroy(&script);
}

TestSuite(counter, .init = begin, .fini = end, .timeout = 120);

static bool
submit(struct reservation *reservation)
{
	const struct source source = pool_source(pool);

	return source_submit(&source, reservation);
}

/* Reserve COUNT: the first base; 0: it was refused, and REASON has the words. */
static char reason[REASON_SIZE];

static uint64_t
reserve(uint32_t count)
{
	struct reservation reservation = {
		.count = count, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = note_answer};
	unsigned before = count_answers();

	assert(submit(&reservation));
	wait_for_answers(before + 1);
	snprintf(reason, sizeof(reason), "%s", reservation.reason);
	return reservation.status == TICKET_OK ? reservation.bases.first : 0;
}

static uint64_t
set_newest(struct memory_script *counted, uint64_t newest)
{
	uint64_t before;

	memory_script_lock(counted);
	before = counted->newest;
	counted->newest = newest;
	memory_script_unlock(counted);
	return before;
}

/* Reads come from a replica that stands at NEWEST. */
static void
set_stale(uint64_t newest)
{
	memory_script_lock(&script);
	script.stale = newest;
	memory_script_unlock(&script);
}

static uint64_t
newest_of(struct memory_script *counted)
{
	uint64_t newest;

	memory_script_lock(counted);
	newest = counted->newest;
	memory_script_unlock(counted);
	return newest;
}

/* As tickrd advance does when it has moved the counter. */
static void
advance_as_operator(void)
{
	struct store_settings settings = {.own = &script};
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct store_session *session;

	assert(memory_store.open(&settings, &session, &problem) == STORE_OK);
	assert(memory_store.note_advance(session, 0, &problem) == STORE_OK);
	memory_store.close(session);
}

static void
set_advances(uint64_t advances)
{
	memory_script_lock(&script);
	script.advances = advances;
	memory_script_unlock(&script);
}

static uint64_t
count_looks(void)
{
	uint64_t looks;

	memory_script_lock(&script);
	looks = script.looks;
	memory_script_unlock(&script);
	return looks;
}

/* Wait until the pool has looked COUNT times more. */
static void
wait_for_looks(uint64_t count)
{
	uint64_t until_ms = clock_ms() + POOL_MOST_MS, before = count_looks();

	while (count_looks() < before + count && clock_ms() < until_ms)
		usleep(1000);
	cr_assert_geq(count_looks(), before + count);
}

Test(counter, the_counter_is_read_before_anything_is_reserved)
{
	memory_script_lock(&script);
	cr_assert_gt(script.looks, 0);
	cr_assert_eq(script.reservations, 0);
	memory_script_unlock(&script);
	cr_assert_eq(reserve(1), 2);
}

Test(counter, of_an_older_copy_the_counter_is_moved_past_all_that_is_known)
{
	cr_assert_eq(reserve(5000), 2);
	set_newest(&script, 3000);
	cr_assert(comes_true(is_refused));
	cr_assert_geq(newest_of(&script), 5001, "no other server repeats what this one knows");
	cr_assert_leq(newest_of(&script), 5001 + 20000, "and the jump is not a large one");
	cr_assert_eq(reserve(1), 0);
	cr_assert_not_null(strstr(reason, "gone back in time"), "%s", reason);
	cr_assert_gt(refusals, 0);
}

Test(counter, a_range_that_was_issued_before_moves_the_counter_too)
{
	cr_assert_eq(reserve(5000), 2);
	memory_script_lock(&script); /* before any look */
	script.newest = 3000;
	memory_script_unlock(&script);
	cr_assert_eq(reserve(10), 0);
	cr_assert_geq(newest_of(&script), 5001);
}

Test(counter, it_stays_refused_until_an_operator_acts)
{
	uint64_t base;

	cr_assert_eq(reserve(5000), 2);
	set_newest(&script, 3000);
	cr_assert(comes_true(is_refused));
	set_newest(&script, 1000000); /* another server serves on */
	cr_assert_eq(reserve(1), 0);
	stop();
	start_on(&script);
	cr_assert_eq(reserve(1), 0, "a restart changes nothing");
	cr_assert_not_null(strstr(reason, "until an operator runs"), "%s", reason);
	advance_as_operator();
	cr_assert(comes_true(is_ready));
	base = reserve(1);
	cr_assert_gt(base, 1000000);
	stop();
	start_on(&script);
	cr_assert_eq(reserve(1), base + 1, "neither does the next restart");
}

/* Copies of the database have the numbers of their time. No operator has acted where the number is lower. */
Test(counter, an_older_copy_releases_no_server_that_waits_for_an_operator)
{
	uint64_t base;

	set_advances(2);
	cr_assert_eq(reserve(5000), 2);
	set_newest(&script, 3000);
	cr_assert(comes_true(is_refused));
	set_advances(1); /* a copy that is older still, which another server has moved */
	set_newest(&script, 1000000);
	wait_for_looks(4);
	cr_assert(is_refused());
	stop();
	start_on(&script);
	cr_assert_eq(reserve(1), 0, "a restart changes nothing");
	set_advances(2);
	wait_for_looks(4);
	cr_assert(is_refused(), "the number of the copy that was refused");
	set_advances(3); /* older programs count */
	cr_assert(comes_true(is_ready));
	base = reserve(1);
	cr_assert_gt(base, 1000000);
}

/* An operator's move is no sign that other servers issue so much. */
Test(counter, a_jump_by_an_operator_is_no_rate)
{
	cr_assert_eq(reserve(5000), 2);
	wait_for_looks(2);
	set_newest(&script, 50000000);
	advance_as_operator();
	cr_assert_eq(reserve(1), 50000001);
	wait_for_looks(3);
	set_newest(&script, 3000);
	cr_assert(comes_true(is_refused));
	cr_assert_leq(newest_of(&script), 50000001 + 1000);
}

static bool
is_held(void)
{
	return hold == HOLD_BEFORE;
}

static bool
is_not_refused(void)
{
	return !is_refused();
}

/* A statement begins. A copy is restored, and the statement allocates there. Its answer is late. */
static void
hang_in_a_copy(struct reservation *reservation, bool is_unseen)
{
	cr_assert_eq(reserve(5000), 2);
	wait_for_looks(2);
	hold = HOLD_NEXT;
	assert(submit(reservation));
	cr_assert(comes_true(is_held));
	is_look_failing = is_unseen;
	memory_script_lock(&script);
	script.newest = 3000;
	hold = HOLD_AFTER;
	memory_script_unlock(&script);
}

Test(counter, an_answer_from_before_the_advance_refuses_nothing)
{
	struct reservation reservation = {
		.count = 1, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = note_answer};
	unsigned before = count_answers() + 1;

	hang_in_a_copy(&reservation, false);
	cr_assert(comes_true(is_refused));
	set_newest(&script, 1000000);
	advance_as_operator();
	cr_assert(comes_true(is_not_refused));
	hold = HOLD_NONE;
	wait_for_answers(before + 1);
	wait_for_looks(4);
	cr_assert_not(is_refused());
	cr_assert_eq(latch_on_disk(), 0);
	cr_assert_eq(reservation.status, TICKET_OK, "%s", reservation.reason);
	cr_assert_gt(reservation.bases.first, 1000000);
}

static bool
has_allocated(void)
{
	return newest_of(&script) == 3001;
}

Test(counter, neither_does_one_that_comes_before_any_look)
{
	struct reservation reservation = {
		.count = 1, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = note_answer};
	unsigned before = count_answers() + 1;

	hang_in_a_copy(&reservation, true);
	cr_assert(comes_true(has_allocated));
	set_newest(&script, 1000000);
	advance_as_operator();
	hold = HOLD_NONE;
	wait_for_answers(before + 1);
	is_look_failing = false;
	wait_for_looks(4);
	cr_assert_not(is_refused());
	cr_assert_eq(latch_on_disk(), 0);
}

/* Or a server that is killed in between would serve after its restart, without an operator. */
Test(counter, the_latch_is_on_the_disk_before_the_counter_is_moved)
{
	cr_assert_eq(reserve(5000), 2);
	set_newest(&script, 3000);
	cr_assert(comes_true(is_refused));
	cr_assert_geq(newest_of(&script), 5001);
	cr_assert_eq(latch_at_move, 1);
}

static bool
was_moved_often(void)
{
	return moves >= 8;
}

/* Log into a pipe, which can hold all of it, from now on. */
static int logged[2], error;

static void
begin_to_listen(void)
{
	log_begin(LOG_LEVEL_INFO);
	moves = 0;
	error = dup(STDERR_FILENO);
	cr_assert_eq(pipe(logged), 0);
	cr_assert_eq(dup2(logged[1], STDERR_FILENO), STDERR_FILENO);
}

/* Wait until the counter was moved often: how often LINE was logged meanwhile. */
static unsigned
count_lines_of_moves(const char *line)
{
	char all[20000];
	unsigned count = 0;
	ssize_t len;

	cr_assert(comes_true(was_moved_often));
	dup2(error, STDERR_FILENO);
	len = read(logged[0], all, sizeof(all) - 1);
	cr_assert_gt(len, 0);
	all[len] = '\0';
	for (const char *at = strstr(all, line); at != NULL; at = strstr(at + 1, line))
		count++;
	return count;
}

Test(counter, a_counter_that_cannot_be_moved_is_logged_once)
{
	cr_assert_eq(reserve(500), 2);
	is_move_failing = true;
	begin_to_listen();
	set_newest(&script, 300);
	cr_assert_eq(count_lines_of_moves("cannot move the counter"), 1);
	is_move_failing = false;
}

/* The master has moved it, but reads come from a replica that lags. */
Test(counter, a_move_that_is_not_seen_yet_is_logged_once)
{
	cr_assert_eq(reserve(500), 2);
	set_stale(300);
	begin_to_listen();
	set_newest(&script, 300);
	cr_assert_eq(count_lines_of_moves("counter moved past all issued tickets"), 1);
}

Test(counter, neither_is_one_after_the_start_logged_twice)
{
	cr_assert_eq(reserve(500), 2);
	stop();
	make_end_unclean();
	set_stale(501);
	begin_to_listen();
	start_on(&script);
	cr_assert_eq(count_lines_of_moves("counter moved past possibly issued tickets"), 1);
}

static bool
is_latched_on_disk(void)
{
	return latch_on_disk() != 0;
}

Test(counter, a_latch_that_could_not_be_written_is_written_later)
{
	char in_the_way[128];

	snprintf(in_the_way, sizeof(in_the_way), "%s/node-0.new", folder);
	cr_assert_eq(reserve(500), 2);
	cr_assert_eq(mkdir(in_the_way, 0700), 0);
	set_newest(&script, 300);
	cr_assert(comes_true(is_refused));
	cr_assert_not(is_latched_on_disk());
	cr_assert_eq(rmdir(in_the_way), 0);
	cr_assert(comes_true(is_latched_on_disk));
}

/* An operator's advance cannot be read from such a database. */
Test(counter, an_older_copy_without_an_identity_is_not_refused_for_ever)
{
	cr_assert_eq(reserve(5000), 2);
	set_newest(&script, 3000);
	cr_assert(comes_true(is_refused));
	stop();
	script.identity = "";
	set_newest(&script, 3000);
	start_on(&script);
	cr_assert_eq(reserve(1), 0);
	set_newest(&script, 50000); /* tickrd advance */
	cr_assert(comes_true(is_ready));
	cr_assert_gt(reserve(1), 50000);
}

Test(counter, a_database_without_an_identity_is_left_as_it_is)
{
	uint64_t before;

	stop();
	script.identity = "";
	start_on(&script);
	cr_assert_eq(reserve(5000), 2);
	set_newest(&script, 3000);
	cr_assert(comes_true(is_refused));
	before = newest_of(&script);
	cr_assert_leq(before, 3001, "except for the base that showed where it is");
	set_newest(&script, 50000);
	cr_assert(comes_true(is_ready), "it has passed all that was issued");
	cr_assert_gt(reserve(1), 50000);
}

Test(counter, another_database_is_not_moved)
{
	cr_assert_eq(reserve(5000), 2);
	stop();
	set_newest(&other, 3000);
	start_on(&other);
	cr_assert(comes_true(is_refused));
	cr_assert_eq(reserve(1), 0);
	cr_assert_leq(newest_of(&other), 3002);
}

Test(counter, another_database_is_known_when_it_is_past_all_that_was_issued)
{
	cr_assert_eq(reserve(5000), 2);
	stop();
	set_newest(&other, 9000);
	start_on(&other);
	cr_assert_eq(reserve(1000), 9001);
	set_newest(&other, 9500);
	cr_assert(comes_true(is_refused));
	cr_assert_geq(newest_of(&other), 10000);
}

/* A proxy that sends reads to a replica that lags. */
Test(counter, a_stale_read_refuses_nothing_and_moves_little)
{
	uint64_t before;

	cr_assert_eq(reserve(5000), 2);
	memory_script_lock(&script);
	script.stale = 100;
	script.looks = 0;
	memory_script_unlock(&script);
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_neq(reserve(1), 0, "%s", reason);
		usleep(50000);
	}
	before = newest_of(&script);
	cr_assert_leq(before, 5001 + 20 + 100, "%llu", (unsigned long long)before);
	cr_assert(is_ready());
	memory_script_lock(&script);
	cr_assert_gt(script.looks, 0);
	script.stale = 0;
	memory_script_unlock(&script);
}

static bool
is_unready(void)
{
	return !is_ready();
}

/* Another server may have issued more meanwhile: the first answer must show where the counter is. */
Test(counter, nothing_is_reserved_when_the_counter_was_not_seen_for_a_second)
{
	struct reservation reservation = {.count = 1, .answer = note_answer};
	unsigned before;

	cr_assert_eq(reserve(1), 2);
	is_look_failing = true;
	cr_assert(comes_true(is_unready));
	reservation.deadline_ms = clock_ms() + 300;
	before = count_answers();
	assert(submit(&reservation));
	wait_for_answers(before + 1);
	is_look_failing = false;
	cr_assert_eq(newest_of(&script), 2);
	cr_assert_neq(reservation.status, TICKET_OK);
}

/* A disk stalls: reads are still answered. */
Test(counter, a_reservation_that_is_out_for_long_makes_the_pool_unready)
{
	struct reservation reservation = {
		.count = 1, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = note_answer};
	struct pool_view view;

	cr_assert_eq(reserve(1), 2);
	memory_script_lock(&script);
	script.reserve_us = 3000000;
	memory_script_unlock(&script);
	assert(submit(&reservation));
	cr_assert(comes_true(is_unready));
	pool_view(pool, &view);
	cr_assert_not_null(strstr(view.health.reason, "had no answer"), "%s", view.health.reason);
	memory_script_lock(&script);
	script.reserve_us = 0;
	memory_script_unlock(&script);
	cr_assert(comes_true(is_ready));
}

static void
stay_ready_for(uint64_t ms)
{
	uint64_t until_ms = clock_ms() + ms;

	while (clock_ms() < until_ms) {
		cr_assert(is_ready());
		usleep(10000);
	}
}

/* One connection is dead, or its thread stands still. */
Test(counter, a_look_that_hangs_leaves_an_idle_pool_ready)
{
	cr_assert_eq(reserve(1), 2);
	is_look_hanging = true;
	stay_ready_for(3000);
	cr_assert_gt(hanging, 1);
	cr_assert_leq(hanging, 30, "and the others do not look all the time");
	is_look_hanging = false;
}

Test(counter, neither_does_a_reservation_that_hangs)
{
	struct reservation reservation = {
		.count = 1, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = note_answer};
	unsigned before;

	cr_assert_eq(reserve(1), 2);
	before = count_answers();
	hold = HOLD_NEXT;
	assert(submit(&reservation));
	stay_ready_for(3000);
	cr_assert(is_held());
	cr_assert_leq(newest_of(&script), 2 + 10, "few tickets become a gap");
	hold = HOLD_NONE;
	wait_for_answers(before + 1);
}

/* In the append layout each base is a row. */
Test(counter, a_large_reservation_has_longer)
{
	struct reservation reservation = {
		.count = 1000000, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = note_answer};
	unsigned before = count_answers();

	memory_script_lock(&script);
	script.reserve_us = 3000000;
	memory_script_unlock(&script);
	assert(submit(&reservation));
	stay_ready_for(2000);
	wait_for_answers(before + 1);
}
