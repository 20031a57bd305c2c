/* The rules that every source keeps. */
#include <assert.h>
#include <criterion/criterion.h>

#include "answers.h"
#include "base/clock.h"
#include "base/log.h"
#include "dispatch/dispatch.h"
#include "segment/segment.h"
#include "store/memory.h"

#define PATIENCE_MS 30000
#define DATABASES   2

static const struct kind {
	const char *name;
	size_t databases; /* with one of them the source is its pool's */
	bool has_segment;
} kinds[] = {
	{"pool", 1, false},
	{"dispatcher", 2, false},
	{"segment before a pool", 1, true},
	{"segment before a dispatcher", 2, true},
};

static struct memory_script scripts[DATABASES];
static struct dispatch *dispatch;
static struct segment *segment; /* NULL: none */
static struct source source;

static void
begin(const struct kind *kind)
{
	struct pool_settings pools[DATABASES];
	struct dispatch_settings settings = {
		.pools = pools, .count = kind->databases, .pool_timeout_ms = PATIENCE_MS};

	log_begin(LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < DATABASES; i++) {
		memory_script_init(&scripts[i]);
		pools[i] = (struct pool_settings){
			.store = &memory_store,
			.database = {.own = &scripts[i], .space = {DATABASES, i, 0}},
			.sessions = 1,
			.number = i,
			.name = "memory",
		};
	}
	dispatch = dispatch_new(&settings);
	source = dispatch_source(dispatch);
	if (kind->has_segment) {
		struct segment_settings ahead = {.ahead_ms = 1000,
						 .least = 100,
						 .most = 10000,
						 .pool_timeout_ms = PATIENCE_MS,
						 .outage_ms = PATIENCE_MS,
						 .source = source};

		segment = segment_new(&ahead);
		source = segment_source(segment);
	}
	forget_answers();
}

static void
end(void)
{
	if (segment != NULL)
		segment_stop(segment);
	assert(dispatch_stop(dispatch, clock_ms() + PATIENCE_MS));
	segment_free(segment);
	segment = NULL;
	dispatch_free(dispatch);
	for (unsigned i = 0; i < DATABASES; i++)
		memory_script_destroy(&scripts[i]);
}

static struct reservation
reservation_for(uint32_t count)
{
	return (struct reservation){
		.count = count, .deadline_ms = clock_ms() + PATIENCE_MS, .answer = note_answer};
}

Test(source, a_reservation_comes_back_to_its_owner_with_its_bases, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		struct reservation reservation = reservation_for(20);

		begin(&kinds[i]);
		cr_assert(dispatch_start(dispatch));
		cr_assert(source_submit(&source, &reservation), "%s", kinds[i].name);
		wait_for_answers(1);
		reservation_return(&reservation);
		cr_assert_eq(reservation.status, TICKET_OK, "%s", reservation.reason);
		cr_assert_eq(reservation.bases.count, 20, "%s", kinds[i].name);
		cr_assert_not_null(reservation.space, "%s", kinds[i].name);
		end();
	}
}

Test(source, a_waiting_reservation_can_be_withdrawn_and_says_why, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		struct reservation reservation = reservation_for(1);

		begin(&kinds[i]); /* no thread runs that could begin with it */
		cr_assert(source_submit(&source, &reservation), "%s", kinds[i].name);
		cr_assert_eq(reservation.place, RESERVATION_QUEUED, "%s", kinds[i].name);
		cr_assert(source_withdraw(&source, &reservation), "%s", kinds[i].name);
		cr_assert_eq(reservation.place, RESERVATION_OWNER, "%s", kinds[i].name);
		cr_assert_str_not_empty(reservation.reason, "%s", kinds[i].name);
		end();
		cr_assert_eq(count_answers(), 0, "%s", kinds[i].name);
	}
}

Test(source, a_reservation_withdrawn_before_it_came_stays_its_owners, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		struct reservation reservation = reservation_for(1);

		begin(&kinds[i]);
		cr_assert_not(source_withdraw(&source, &reservation), "%s", kinds[i].name);
		cr_assert_not(source_submit(&source, &reservation), "%s", kinds[i].name);
		end();
		cr_assert_eq(count_answers(), 0, "%s", kinds[i].name);
	}
}

Test(source, each_says_why_it_cannot_answer, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		char memory[REASON_SIZE];
		struct text reason = TEXT_OVER(memory);

		begin(&kinds[i]);
		source_explain(&source, &reason);
		cr_assert_str_not_empty(memory, "%s", kinds[i].name);
		end();
	}
}

Test(source, only_a_segment_has_bases_before_they_are_reserved, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		struct reservation reservation = reservation_for(1);
		struct ticket_piece taken;

		begin(&kinds[i]);
		cr_assert_not(source_take(&source, NULL, 1, clock_ms(), &taken), "%s",
			      kinds[i].name);
		cr_assert(dispatch_start(dispatch));
		cr_assert(source_submit(&source, &reservation));
		wait_for_answers(1);
		cr_assert_eq(source_take(&source, NULL, 1, clock_ms(), &taken),
			     kinds[i].has_segment, "%s", kinds[i].name);
		end();
	}
}
