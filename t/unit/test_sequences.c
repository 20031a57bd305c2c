#include <assert.h>
#include <criterion/criterion.h>
#include <pthread.h>
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
#include "ticket/sequence_result.h"

/*
 * A pool of named sequences on the memory store: two databases are two scripts. A pool may be stopped and another
 * one started on the same state folder, which is a restart.
 */

#define PATIENCE_MS 30000
#define MANY	    300 /* sequences */

static const struct ticket_space space = {10, 3, 1};
static struct memory_script script, other;
static struct state_file *state;
static char folder[] = "/tmp/tickr-test-sequences-XXXXXX";
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of the policies */

static struct sequence a = {.name = "a", .name_len = 1, .policy = {.most = SEQUENCE_MOST}};
static struct sequence b = {.name = "b", .name_len = 1, .policy = {.most = SEQUENCE_MOST}};
static struct sequence c = {.name = "c", .name_len = 1, .policy = {.most = SEQUENCE_MOST}};
static struct sequence many[MANY];
static char names[MANY][8];

/* --- the store, which may fail a raise ------------------------------------------------------------ */

static struct store store;
static _Atomic unsigned raises;	      /* calls */
static _Atomic unsigned failing;      /* so many of the next raises fail .. */
static _Atomic bool is_raised_anyway; /* .. but have done their work */

static enum store_result
watch_raise(struct store_session *session, struct store_instance *row, uint64_t base,
	    struct text *text)
{
	struct store_instance ignored = *row;

	raises++;
	if (failing == 0)
		return memory_sequences_store.raise(session, row, base, text);
	failing--;
	text_add(text, "the connection is gone");
	if (is_raised_anyway)
		(void)!memory_sequences_store.raise(session, &ignored, base, text);
	return STORE_LOST;
}

/* --- policies ------------------------------------------------------------------------------------- */

static _Atomic unsigned policies_told;
static _Atomic bool are_policies_refused;

static bool
note_policy(void *arg, struct sequence *sequence, uint32_t seen,
	    const struct sequence_policy *policy, struct text *text)
{
	assert(arg == &policies_told);
	assert(seen != policy->revision);
	pthread_mutex_lock(&mutex);
	sequence->policy = *policy;
	pthread_mutex_unlock(&mutex);
	policies_told++;
	if (are_policies_refused)
		text_add(text, "an operator must make it");
	return !are_policies_refused;
}

/* --- the pool --------------------------------------------------------------------------------------- */

static void
make_on(struct memory_script *counted)
{
	struct pool_settings settings = {.store = &store,
					 .database = {.own = counted, .space = {10, 3, 326}},
					 .sessions = 2,
					 .name = "memory",
					 .policies = {note_policy, &policies_told}};
	char memory[512];
	struct text problem = TEXT_OVER(memory);

	state = state_file_open_sequences(folder, &space, &problem);
	assert(state != NULL);
	settings.state = state;
	pool = pool_new(&settings);
}

static void
start_on(struct memory_script *counted)
{
	make_on(counted);
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

static char path[128];

static void
set_path(const char *ending)
{
	snprintf(path, sizeof(path), "%s/sequences-3.%s", folder, ending);
}

/* The state folder, as a kill or a copy leaves it. */
static char kept[1024];
static size_t kept_len;

static void
keep_state(void)
{
	FILE *file;

	set_path("state");
	file = fopen(path, "re");
	assert(file != NULL);
	kept_len = fread(kept, 1, sizeof(kept), file);
	fclose(file);
}

static void
restore_state(void)
{
	FILE *file;

	set_path("state");
	file = fopen(path, "we");
	assert(file != NULL);
	assert(fwrite(kept, 1, kept_len, file) == kept_len);
	assert(fclose(file) == 0);
}

/* Kill the server: it writes nothing more, to the file or to the database. */
static void
kill_server(void)
{
	keep_state();
	stop();
	restore_state();
}

static void
begin(void)
{
	log_begin(LOG_LEVEL_ERROR);
	store = memory_sequences_store;
	store.raise = watch_raise;
	assert(mkdtemp(folder) != NULL);
	memory_script_init(&script);
	memory_script_init(&other);
	script.identity = "00000000000000000000000000000001";
	other.identity = "00000000000000000000000000000002";
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "m%03u", i);
		many[i] = (struct sequence){
			.name = names[i], .name_len = 4, .policy = SEQUENCE_DEFAULT_POLICY};
	}
	start_on(&script);
}

static void
end(void)
{
	static const char *const endings[] = {"state", "lock"};

	stop();
	for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
		set_path(endings[i]);
		unlink(path);
	}
	assert(rmdir(folder) == 0);
	assert(script.claims == 0 && other.claims == 0);
	memory_script_destroy(&other);
	memory_script_destroy(&script);
}

TestSuite(sequences, .init = begin, .fini = end, .timeout = 120);

/* --- reservations ------------------------------------------------------------------------------------ */

static void
submit(struct reservation *reservation, struct sequence *sequence, uint32_t count)
{
	const struct source source = pool_source(pool);

	*reservation = (struct reservation){
		.sequence = sequence,
		.revision = sequence->policy.revision,
		.count = count,
		.deadline_ms = clock_ms() + PATIENCE_MS,
		.answer = note_answer,
	};
	assert(source_submit(&source, reservation));
}

static struct reservation last; /* that reserve() has made */

/* Reserve COUNT numbers: the first one; 0: there is none, and LAST tells why. */
static uint64_t
reserve(struct sequence *sequence, uint32_t count)
{
	unsigned before = count_answers();

	submit(&last, sequence, count);
	wait_for_answers(before + 1);
	return last.status == TICKET_OK ? last.bases.first : 0;
}

/* --- the database, as others see it ------------------------------------------------------------------ */

static uint64_t
clock_of(struct memory_script *counted)
{
	uint64_t now;

	memory_script_lock(counted);
	now = memory_sequences_clock(&counted->sequences);
	memory_script_unlock(counted);
	return now;
}

static void
keep_copy(void)
{
	memory_script_lock(&script);
	memory_sequences_keep_copy(&script.sequences);
	memory_script_unlock(&script);
}

static void
restore_copy(void)
{
	memory_script_lock(&script);
	memory_sequences_restore_copy(&script.sequences);
	memory_script_unlock(&script);
}

/* A session of a server that has no memory. */
static struct store_settings foreign_settings;

static struct store_session *
open_foreign(struct memory_script *counted)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct store_session *session;

	foreign_settings = (struct store_settings){.own = counted};
	store.claim(&foreign_settings);
	assert(store.open(&foreign_settings, &session, &problem) == STORE_OK);
	return session;
}

static void
close_foreign(struct store_session *session)
{
	store.close(session);
	store.release(&foreign_settings);
}

/* Another server reserves COUNT numbers of NAME: the newest one. */
static uint64_t
reserve_elsewhere(const char *name, uint32_t count)
{
	struct store_session *session = open_foreign(&script);
	struct store_move move = {.name = name, .name_len = (uint8_t)strlen(name), .count = count};
	const struct store_order order = {.count = count, .moves = &move, .moves_count = 1};
	struct ticket_range bases;
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	assert(store.reserve(session, &order, &bases, &problem) == STORE_OK);
	close_foreign(session);
	return move.newest;
}

/* As tickrd advance --sequences does while the server runs. */
static void
advance_as_operator(struct memory_script *counted)
{
	struct store_session *session = open_foreign(counted);
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	assert(store.note_advance(session, 0, &problem) == STORE_OK);
	close_foreign(session);
}

static enum store_declared
declare(struct sequence *sequence, uint64_t start, uint64_t most)
{
	struct store_session *session = open_foreign(&script);
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;
	enum store_declared declared;
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	policy.start = start;
	policy.most = most;
	assert(store.declare(session, sequence->name, sequence->name_len, &policy, &declared,
			     &problem) == STORE_OK);
	close_foreign(session);
	return declared;
}

static void
retire(struct sequence *sequence)
{
	struct store_session *session = open_foreign(&script);
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	bool found;

	assert(store.retire(session, sequence->name, sequence->name_len, &found, &problem) ==
	       STORE_OK);
	close_foreign(session);
}

/* --- numbers ------------------------------------------------------------------------------------------ */

Test(sequences, each_counts_from_1)
{
	cr_assert_eq(reserve(&a, 1), 1);
	cr_assert_eq(reserve(&b, 5), 1);
	cr_assert_eq(reserve(&a, 2), 2);
	cr_assert_eq(reserve(&b, 1), 6);
	cr_assert_eq(reserve(&a, 1), 4);
}

Test(sequences, an_answer_says_which_arithmetic_its_numbers_have)
{
	cr_assert_eq(reserve(&a, 3), 1);
	cr_assert(space_equals(last.space, &space));
	cr_assert_eq(last.bases.increment, 1);
	cr_assert_eq(last.bases.count, 3);
}

Test(sequences, all_that_gather_are_few_statements)
{
	static struct reservation reservations[2 * MANY];

	stop();
	make_on(&script);
	script.sequences.statements = 0;
	for (unsigned i = 0; i < 2 * MANY; i++)
		submit(&reservations[i], &many[i % MANY], 1 + i % 3);
	assert(pool_start(pool));
	wait_for_answers(2 * MANY);
	cr_assert_leq(script.sequences.statements, 3 + 1, "and a row that is written at the start");
	for (unsigned i = 0; i < 2 * MANY; i++) {
		cr_assert_eq(reservations[i].status, TICKET_OK, "%s", reservations[i].reason);
		cr_assert_eq(reservations[i].bases.first, i < MANY ? 1 : 1 + (i - MANY) % 3 + 1);
		cr_assert_eq(reservations[i].bases.count, 1 + i % 3);
	}
}

Test(sequences, a_large_reservation_shares_the_statement)
{
	struct reservation reservations[3];

	stop();
	make_on(&script);
	script.sequences.statements = 0;
	submit(&reservations[0], &a, 1);
	submit(&reservations[1], &a, 500000);
	submit(&reservations[2], &b, 1);
	assert(pool_start(pool));
	wait_for_answers(3);
	cr_assert_eq(reservations[1].bases.first, 2);
	cr_assert_eq(reservations[2].bases.first, 1);
	cr_assert_leq(script.sequences.statements, 2);
}

Test(sequences, one_at_its_end_fails_alone)
{
	struct reservation reservations[4];

	cr_assert_eq(declare(&a, 1, 3), STORE_DECLARED_MADE);
	a.policy.revision = 1;
	stop();
	make_on(&script);
	submit(&reservations[0], &a, 2);
	submit(&reservations[1], &a, 2);
	submit(&reservations[2], &b, 7);
	submit(&reservations[3], &c, 1);
	assert(pool_start(pool));
	wait_for_answers(4);
	cr_assert_eq(reservations[0].bases.first, 1);
	cr_assert_eq(reservations[1].status, TICKET_EXHAUSTED);
	cr_assert_not_null(
		strstr(reservations[1].reason, "the last number that it may issue is 3"));
	cr_assert_eq(reservations[2].bases.first, 1);
	cr_assert_eq(reservations[3].bases.first, 1);
	cr_assert(is_ready());
}

Test(sequences, a_retired_one_is_refused_alone)
{
	struct reservation reservations[2];

	cr_assert_eq(reserve(&a, 1), 1);
	retire(&a);
	submit(&reservations[0], &a, 1);
	submit(&reservations[1], &b, 1);
	wait_for_answers(3);
	cr_assert_eq(reservations[0].status, TICKET_NO_SEQUENCE);
	cr_assert_not_null(strstr(reservations[0].reason, "retired"));
	cr_assert_eq(reservations[1].status, TICKET_OK);
	cr_assert(a.policy.is_retired, "the directory knows");
	cr_assert_eq(reserve(&a, 1), 0, "again, with the policy that is known now");
}

Test(sequences, numbers_under_another_policy_are_abandoned)
{
	cr_assert_eq(declare(&a, 100, SEQUENCE_MOST), STORE_DECLARED_MADE);
	cr_assert_eq(reserve(&a, 5), 105);
	cr_assert_eq(last.revision, 1);
	cr_assert_eq(policies_told, 1);
	cr_assert_eq(reserve(&a, 1), 110);
	cr_assert_eq(policies_told, 1);
}

Test(sequences, one_that_may_not_be_used_is_refused)
{
	are_policies_refused = true;
	cr_assert_eq(declare(&a, 1, SEQUENCE_MOST), STORE_DECLARED_MADE);
	cr_assert_eq(reserve(&a, 5), 0);
	cr_assert_eq(last.status, TICKET_NO_SEQUENCE);
	cr_assert_str_eq(last.reason, "an operator must make it");
	cr_assert_eq(reserve(&b, 1), 1);
}

/* --- reading ----------------------------------------------------------------------------------------- */

static void
read_result(enum reservation_task task, void *result)
{
	const struct source source = pool_source(pool);
	unsigned before = count_answers();

	last = (struct reservation){
		.task = task,
		.result = result,
		.deadline_ms = clock_ms() + PATIENCE_MS,
		.answer = note_answer,
	};
	assert(source_submit(&source, &last));
	wait_for_answers(before + 1);
}

Test(sequences, a_row_can_be_shown)
{
	struct sequence_shown shown = {.name = "b", .name_len = 1};

	cr_assert_eq(declare(&b, 50, 99), STORE_DECLARED_MADE);
	read_result(RESERVATION_SHOW, &shown);
	cr_assert_eq(last.status, TICKET_OK);
	cr_assert(shown.is_found);
	cr_assert_eq(shown.last, 49);
	cr_assert_eq(shown.policy.most, 99);
	shown.name = "c";
	read_result(RESERVATION_SHOW, &shown);
	cr_assert_eq(last.status, TICKET_OK);
	cr_assert_not(shown.is_found);
}

Test(sequences, a_page_has_the_names_in_their_order)
{
	struct sequence_entry entries[2];
	struct sequence_page page = {.after = "", .limit = 2, .entries = entries};

	cr_assert_eq(reserve(&c, 3), 1);
	cr_assert_eq(reserve(&a, 1), 1);
	cr_assert_eq(reserve(&b, 2), 1);
	read_result(RESERVATION_LIST, &page);
	cr_assert_eq(last.status, TICKET_OK);
	cr_assert_eq(page.count, 2);
	cr_assert_eq(entries[0].name[0], 'a');
	cr_assert_eq(entries[1].name[0], 'b');
	cr_assert_eq(entries[1].last, 2);
	page.after = "b";
	page.after_len = 1;
	read_result(RESERVATION_LIST, &page);
	cr_assert_eq(page.count, 1);
	cr_assert_eq(entries[0].name[0], 'c');
	cr_assert_eq(entries[0].last, 3);
}

/* --- failures ------------------------------------------------------------------------------------------ */

static void
fail_each(unsigned nth, enum store_result failure, bool loses_after)
{
	memory_script_lock(&script);
	script.sequences.fail_every = nth;
	script.sequences.failure = failure;
	script.sequences.loses_after = loses_after;
	memory_script_unlock(&script);
}

Test(sequences, the_numbers_of_a_lost_session_are_abandoned)
{
	uint64_t before = 0;

	fail_each(2, STORE_LOST, true);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t first = reserve(&a, 1);

		cr_assert(first == 0 || first > before, "%s", last.reason);
		before = first > 0 ? first : before;
	}
	fail_each(0, STORE_OK, false);
	cr_assert_gt(reserve(&a, 1), before);
	cr_assert_eq(raises, 0, "the server knows that nothing is missing");
}

Test(sequences, a_database_that_hangs_is_not_ready_and_repeats_nothing)
{
	struct reservation reservations[2];
	uint64_t first;

	cr_assert_eq(reserve(&a, 1), 1);
	memory_script_lock(&script);
	script.hangs = true;
	memory_script_unlock(&script);
	submit(&reservations[0], &a, 1);
	submit(&reservations[1], &b, 1);
	for (uint64_t until_ms = clock_ms() + POOL_MOST_MS; is_ready() && clock_ms() < until_ms;)
		usleep(1000);
	cr_assert_not(is_ready());
	memory_script_lock(&script);
	script.hangs = false;
	memory_script_unlock(&script);
	wait_for_answers(3);
	cr_assert(comes_true(is_ready));
	first = reserve(&a, 1);
	cr_assert_gt(first, reservations[0].status == TICKET_OK ? reservations[0].bases.first : 1);
}

/* --- older copies ------------------------------------------------------------------------------------------ */

/* Ten numbers of a and of b, a copy, ten more, and the copy returns. */
static void
go_back_in_time(void)
{
	cr_assert_eq(reserve(&a, 10), 1);
	cr_assert_eq(reserve(&b, 10), 1);
	keep_copy();
	cr_assert_eq(reserve(&a, 10), 11);
	cr_assert_eq(reserve(&c, 10), 1);
	restore_copy();
}

Test(sequences, an_older_copy_is_refused)
{
	go_back_in_time();
	cr_assert_eq(reserve(&a, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	cr_assert_not_null(strstr(last.reason, "tickrd advance --sequences"));
	cr_assert(comes_true(is_refused));
}

Test(sequences, an_older_copy_is_refused_though_another_server_has_carried_its_clock_on)
{
	go_back_in_time();
	(void)reserve_elsewhere("z", 1000);
	cr_assert_eq(reserve(&a, 1), 0, "got %lu", (unsigned long)last.bases.first);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	cr_assert_not_null(strstr(last.reason, "it does not have all statements of this server"));
	cr_assert(comes_true(is_refused));
}

Test(sequences, an_older_copy_is_seen_while_nothing_is_asked)
{
	go_back_in_time();
	(void)reserve_elsewhere("z", 1000);
	cr_assert(comes_true(is_refused));
}

Test(sequences, other_servers_repeat_nothing_of_a_refused_database)
{
	go_back_in_time();
	(void)reserve_elsewhere("z", 1000);
	cr_assert(comes_true(is_refused));
	for (uint64_t until_ms = clock_ms() + POOL_MOST_MS;
	     script.sequences.raises == 0 && clock_ms() < until_ms;)
		usleep(1000);
	cr_assert_gt(reserve_elsewhere("a", 1), 20);
	cr_assert_gt(reserve_elsewhere("c", 1), 10, "it was made after the copy");
}

static void
serve_again(void)
{
	advance_as_operator(&script);
	cr_assert(comes_true(is_ready));
	cr_assert_gt(reserve(&a, 1), 20);
	cr_assert_gt(reserve(&b, 1), 10);
	cr_assert_gt(reserve(&c, 1), 10);
}

Test(sequences, a_refused_database_serves_again_when_an_operator_has_acted)
{
	uint64_t before;

	go_back_in_time();
	(void)reserve_elsewhere("z", 1000);
	cr_assert(comes_true(is_refused));
	cr_assert_eq(reserve(&b, 1), 0);
	serve_again();
	before = reserve(&a, 1);
	cr_assert_eq(reserve(&a, 1), before + 1, "and leaves no more gaps");
}

Test(sequences, a_refusal_outlives_a_restart)
{
	go_back_in_time();
	(void)reserve_elsewhere("z", 1000);
	cr_assert(comes_true(is_refused));
	stop();
	start_on(&script);
	cr_assert_eq(reserve(&a, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	serve_again();
}

Test(sequences, a_refusal_outlives_a_kill_before_the_raise)
{
	failing = 1000000;
	go_back_in_time();
	(void)reserve_elsewhere("z", 1000);
	cr_assert(comes_true(is_refused));
	for (uint64_t until_ms = clock_ms() + POOL_MOST_MS; raises == 0 && clock_ms() < until_ms;)
		usleep(1000);
	kill_server();
	failing = 0;
	start_on(&script);
	cr_assert_eq(reserve(&a, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	serve_again();
}

static void
interrupt_raise(bool is_done)
{
	failing = 3;
	is_raised_anyway = is_done;
	go_back_in_time();
	(void)reserve_elsewhere("z", 1000);
	cr_assert(comes_true(is_refused));
	cr_assert_eq(reserve(&a, 1), 0);
	serve_again();
	cr_assert_eq(failing, 0);
}

Test(sequences, a_raise_that_was_interrupted_is_made_again)
{
	interrupt_raise(false);
}

Test(sequences, a_raise_whose_answer_was_lost_does_no_harm)
{
	interrupt_raise(true);
}

/* Whatever is asked first, at a server that was away meanwhile. */
static void
restart_on_older_copy(struct sequence *asked)
{
	cr_assert_eq(reserve(&a, 10), 1);
	cr_assert_eq(reserve(&b, 10), 1);
	keep_copy();
	cr_assert_eq(reserve(&a, 10), 11);
	cr_assert_eq(reserve(&c, 10), 1);
	stop();
	restore_copy();
	(void)reserve_elsewhere("z", 100000);
	start_on(&script);
	cr_assert_eq(reserve(asked, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	serve_again();
}

Test(sequences, an_older_copy_is_noticed_after_a_restart)
{
	restart_on_older_copy(&a);
}

Test(sequences, an_older_copy_is_noticed_by_a_sequence_that_did_not_move)
{
	restart_on_older_copy(&b);
}

Test(sequences, a_sequence_made_after_the_copy_does_not_begin_again)
{
	restart_on_older_copy(&c);
}

Test(sequences, a_copy_from_before_the_first_statement_is_noticed)
{
	stop();
	keep_copy();
	start_on(&script);
	cr_assert_eq(reserve(&a, 20), 1);
	cr_assert_eq(reserve(&b, 10), 1);
	cr_assert_eq(reserve(&c, 10), 1);
	restore_copy();
	(void)reserve_elsewhere("z", 1000);
	cr_assert_eq(reserve(&a, 1), 0);
	serve_again();
}

Test(sequences, another_database_is_refused_until_an_operator_acts)
{
	cr_assert_eq(reserve(&a, 20), 1);
	cr_assert_eq(reserve(&b, 10), 1);
	cr_assert_eq(reserve(&c, 10), 1);
	stop();
	start_on(&other);
	cr_assert_eq(reserve(&a, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	cr_assert_eq(clock_of(&other), 1, "nothing was moved there");
	advance_as_operator(&other);
	cr_assert(comes_true(is_ready));
	cr_assert_gt(reserve(&a, 1), 20);
	cr_assert_gt(reserve(&c, 1), 10);
}

Test(sequences, reads_from_a_replica_that_lags_refuse_nothing)
{
	cr_assert_eq(reserve(&a, 10), 1);
	keep_copy();
	memory_script_lock(&script);
	script.sequences.is_stale = true;
	memory_script_unlock(&script);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert_eq(reserve(&a, 1), 11 + i, "%s", last.reason);
		usleep(300000);
	}
	cr_assert(comes_true(is_ready));
	cr_assert_eq(script.sequences.raises, 0);
}

/* A second server of the same database, with a state folder of its own. */
struct one_server {
	struct pool *pool;
	struct state_file *state;
};

static void
swap_servers(struct one_server *server)
{
	const struct one_server mine = {pool, state};

	pool = server->pool;
	state = server->state;
	*server = mine;
}

Test(sequences, two_servers_notice_an_older_copy_and_repeat_nothing)
{
	char own[sizeof(folder)], second[] = "/tmp/tickr-test-sequences-XXXXXX";
	struct one_server server;
	uint64_t first;

	assert(mkdtemp(second) != NULL);
	memcpy(own, folder, sizeof(own));
	memcpy(folder, second, sizeof(folder));
	server = (struct one_server){pool, state};
	start_on(&script);
	swap_servers(&server); /* the first one is asked */
	cr_assert_eq(reserve(&a, 10), 1);
	swap_servers(&server);
	cr_assert_eq(reserve(&a, 10), 11);
	keep_copy();
	cr_assert_eq(reserve(&a, 10), 21);
	swap_servers(&server);
	cr_assert_eq(reserve(&a, 10), 31);
	cr_assert_eq(reserve(&b, 10), 1);
	restore_copy();
	(void)reserve_elsewhere("z", 1000);
	cr_assert(comes_true(is_refused));
	cr_assert_eq(reserve(&a, 1), 0);
	swap_servers(&server);
	cr_assert(comes_true(is_refused));
	cr_assert_eq(reserve(&b, 1), 0);
	advance_as_operator(&script);
	cr_assert(comes_true(is_ready));
	first = reserve(&a, 1);
	cr_assert_gt(first, 40);
	cr_assert_gt(reserve(&b, 1), 10);
	swap_servers(&server);
	cr_assert(comes_true(is_ready));
	cr_assert_gt(reserve(&a, 1), first);
	swap_servers(&server);
	stop();
	set_path("state");
	unlink(path);
	set_path("lock");
	unlink(path);
	assert(rmdir(second) == 0);
	memcpy(folder, own, sizeof(folder));
	pool = server.pool;
	state = server.state;
}

/* --- unclean ends --------------------------------------------------------------------------------------------- */

static bool
is_at_rest(void)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};
	bool is_near;

	assert(state_file_look_sequences(folder, &space, &record, &problem));
	is_near = classes_top(&record.ahead) == classes_top(&record.given) + 16;
	record_free(&record);
	return is_near;
}

Test(sequences, a_clean_restart_leaves_no_gap)
{
	cr_assert_eq(reserve(&a, 10), 1);
	for (unsigned i = 0; i < 3; i++) {
		stop();
		start_on(&script);
		cr_assert_eq(reserve(&a, 1), 11 + i);
	}
	cr_assert_eq(raises, 0);
}

Test(sequences, a_kill_when_idle_costs_at_most_16)
{
	cr_assert_eq(reserve(&a, 1000), 1);
	cr_assert_eq(reserve(&b, 1), 1);
	cr_assert(comes_true(is_at_rest));
	kill_server();
	start_on(&script);
	cr_assert_eq(reserve(&b, 1), 18, "got %lu", (unsigned long)last.bases.first);
	cr_assert_eq(reserve(&a, 1), 1017);
	cr_assert_eq(reserve(&a, 1), 1018);
}

Test(sequences, a_kill_under_load_costs_what_may_be_missing)
{
	cr_assert_eq(reserve(&a, 10), 1);
	cr_assert_eq(reserve(&b, 1), 1);
	kill_server();
	start_on(&script);
	cr_assert_gt(reserve(&b, 1), 2);
	cr_assert_leq(last.bases.first, 2 + 1000 + 11);
}

/* The copy has all that the state file has for certain, and lacks the rest. */
Test(sequences, numbers_that_only_the_killed_server_knew_are_not_repeated)
{
	cr_assert_eq(reserve(&a, 10), 1);
	keep_copy();
	keep_state();
	cr_assert_eq(reserve(&a, 10), 11);
	cr_assert_eq(reserve(&c, 10), 1);
	stop();
	restore_state();
	restore_copy();
	(void)reserve_elsewhere("z", 100000);
	start_on(&script);
	cr_assert_gt(reserve(&c, 1), 10, "%s", last.reason);
	cr_assert_gt(reserve(&a, 1), 20);
	cr_assert_geq(raises, 1);
}

Test(sequences, an_interrupted_raise_at_the_start_is_made_again)
{
	cr_assert_eq(reserve(&a, 10), 1);
	kill_server();
	failing = 2;
	start_on(&script);
	cr_assert(comes_true(is_ready));
	cr_assert_gt(reserve(&a, 1), 11);
	kill_server();
	is_raised_anyway = true;
	failing = 2;
	start_on(&script);
	cr_assert(comes_true(is_ready));
	cr_assert_gt(reserve(&a, 1), 12);
}

static char instance[RANDOM_ID_SIZE];

static void
read_instance(void)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	struct record record = {0};

	assert(state_file_look_sequences(folder, &space, &record, &problem));
	memcpy(instance, record.instance, sizeof(instance));
	record_free(&record);
}

Test(sequences, a_copy_of_the_state_folder_becomes_another_instance)
{
	char before[RANDOM_ID_SIZE];

	cr_assert_eq(reserve(&a, 1), 1);
	stop();
	keep_state();
	read_instance();
	memcpy(before, instance, sizeof(before));
	start_on(&script);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(reserve(&a, 1), 2 + i);
	read_instance();
	cr_assert_str_eq(instance, before);
	stop();
	restore_state(); /* as the other server has it, which starts now */
	start_on(&script);
	cr_assert_gt(reserve(&a, 1), 6, "%s", last.reason);
	read_instance();
	cr_assert_str_neq(instance, before);
	cr_assert(comes_true(is_ready));
}

Test(sequences, without_a_writable_state_file_nothing_is_issued)
{
	stop();
	set_path("state");
	unlink(path);
	set_path("new");
	assert(mkdir(path, 0700) == 0); /* so that no new file can be made */
	start_on(&script);
	cr_assert_eq(reserve(&a, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	cr_assert_eq(clock_of(&script), 1);
	set_path("new");
	assert(rmdir(path) == 0);
	cr_assert(comes_true(is_ready));
	cr_assert_eq(reserve(&a, 1), 1);
}

/* --- stores that break the law --------------------------------------------------------------------------------- */

Test(sequences, a_store_that_moves_a_sequence_further_than_the_clock_is_caught)
{
	script.sequences.leap_every = 1;
	cr_assert_neq(reserve(&a, 1), 0);
	cr_assert_eq(reserve(&a, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	script.sequences.leap_every = 0;
}

Test(sequences, a_store_that_repeats_numbers_is_caught)
{
	cr_assert_eq(reserve(&a, 1), 1);
	memory_script_lock(&script);
	script.sequences.repeat_every = 1;
	memory_script_unlock(&script);
	cr_assert_eq(reserve(&a, 1), 0);
	cr_assert_eq(last.status, TICKET_DATABASE_REFUSED);
	script.sequences.repeat_every = 0;
}
