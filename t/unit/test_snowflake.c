#include <criterion/criterion.h>

#include "base/attributes.h"
#include "snowflake/generator.h"
#include "snowflake/guard.h"
#include "ticket/snowflake_id.h"
#include "ticket/space.h"

#define EPOCH_MS  SNOWFLAKE_EPOCH_MS
#define BEGIN_MS  1000000 /* id-time at which the tests begin */
#define DRIFT_MS  100
#define FAR_MS	  (BEGIN_MS + 3600000ull)
#define TEN_YEARS (3652ull * 86400000)

static uint64_t
read_test_clock(void *arg)
{
	return *(const uint64_t *)arg;
}

struct kit {
	uint64_t unix_ms;
	struct snowflake_clock clock;
	struct snowflake_generator *generator;
};

static void
kit_begin(struct kit *kit, uint32_t node, uint64_t floor_ms, uint64_t bound_ms)
{
	struct snowflake_grant grant = {
		.epoch_ms = EPOCH_MS,
		.node = node,
		.per_ms = SNOWFLAKE_MOST_PER_MS,
		.floor_ms = floor_ms,
		.bound_ms = bound_ms,
	};

	generator_begin(kit->generator, &grant);
}

static void
kit_init(struct kit *kit)
{
	kit->unix_ms = EPOCH_MS + BEGIN_MS;
	kit->clock = (struct snowflake_clock){read_test_clock, read_test_clock, &kit->unix_ms};
	kit->generator = generator_new(&kit->clock, DRIFT_MS);
	kit_begin(kit, 5, 0, FAR_MS);
}

static uint64_t
kit_id(const struct snowflake_run *run, uint32_t i)
{
	uint64_t id;

	cr_assert(space_ticket(run->space, run->first + i, &id));
	return id;
}

/* --- bits ---------------------------------------------------------------------------------------- */

Test(snowflake, an_id_has_its_bits_in_place)
{
	struct snowflake_parts parts;
	uint64_t id;

	cr_assert(snowflake_id_make(5, 4096, 0x123456789ull * 4096 + 7, &id));
	cr_assert_eq(id, 0x123456789ull << 22 | 5 << 12 | 7);
	cr_assert(snowflake_id_split(id, &parts));
	cr_assert_eq(parts.ms, 0x123456789ull);
	cr_assert_eq(parts.node, 5);
	cr_assert_eq(parts.sequence, 7);
}

Test(snowflake, the_last_id_is_the_largest_signed_number)
{
	struct snowflake_parts parts;
	uint64_t id;

	cr_assert(snowflake_id_make(1023, 4096, SNOWFLAKE_END_MS * 4096 - 1, &id));
	cr_assert_eq(id, INT64_MAX);
	cr_assert_not(snowflake_id_make(1023, 4096, SNOWFLAKE_END_MS * 4096, &id));
	cr_assert_not(snowflake_id_split((uint64_t)INT64_MAX + 1, &parts));
}

Test(snowflake, numbers_and_ids_of_a_node_are_one_to_one)
{
	static const uint32_t per_ms[] = {1, 2, 3, 1000, 4095, 4096};

	for (size_t i = 0; i < ARRAY_LENGTH(per_ms); i++) {
		struct ticket_space space = space_of_snowflakes(1023, per_ms[i]);
		uint64_t last = 0;

		for (uint64_t number = 5 * per_ms[i]; number < 5 * per_ms[i] + 9000; number++) {
			uint64_t id, back;

			cr_assert(space_ticket(&space, number, &id));
			cr_assert_gt(id, last);
			cr_assert(space_base(&space, id, &back));
			cr_assert_eq(back, number);
			last = id;
		}
	}
}

Test(snowflake, datacenter_and_worker_share_ten_bits)
{
	for (unsigned bits = 0; bits <= 10; bits++) {
		uint32_t datacenter = snowflake_datacenters(bits) - 1;
		uint32_t worker = snowflake_workers(bits) - 1;

		cr_assert_eq(snowflake_datacenters(bits) * snowflake_workers(bits), 1024);
		cr_assert_eq(snowflake_node(bits, datacenter, worker), 1023);
		cr_assert_eq(snowflake_node_datacenter(bits, 1023), datacenter);
		cr_assert_eq(snowflake_node_worker(bits, 1023), worker);
	}
}

Test(snowflake, a_run_over_milliseconds_is_taken_as_progressions)
{
	struct ticket_space space = space_of_snowflakes(5, 4096);
	struct ticket_range bases = {10 * 4096 + 4000, 1, 5000}, tickets;
	uint32_t pieces[] = {96, 4096, 808};

	cr_assert_not(space_tickets(&space, &bases, &tickets));
	for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
		cr_assert(space_take_progression(&space, &bases, &tickets));
		cr_assert_eq(tickets.count, pieces[i]);
		cr_assert_eq(tickets.increment, 1);
	}
	cr_assert_eq(bases.count, 0);
	cr_assert_eq(tickets.first, 12ull << 22 | 5 << 12);
}

/* --- the proof ----------------------------------------------------------------------------------- */

Test(generator, runs_follow_each_other_without_overlap)
{
	struct snowflake_run run, more;
	struct kit kit;

	kit_init(&kit);
	cr_assert_eq(generator_take(kit.generator, 1000, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(run.first, BEGIN_MS * 4096ull);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &more), SNOWFLAKE_TAKEN);
	cr_assert_eq(more.first, run.first + 1000);
	kit.unix_ms++;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(kit_id(&run, 0), (BEGIN_MS + 1ull) << 22 | 5 << 12);
	generator_free(kit.generator);
}

Test(generator, issues_nothing_without_a_claim_or_after_its_end)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	generator_free(kit.generator);
	kit.generator = generator_new(&kit.clock, DRIFT_MS);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	cr_assert_eq(generator_end(kit.generator), 0);
	kit_begin(&kit, 5, 0, FAR_MS);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(generator_end(kit.generator), BEGIN_MS);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	generator_free(kit.generator);
}

Test(generator, a_claim_begins_above_the_floor)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	kit_begin(&kit, 5, BEGIN_MS + 50, FAR_MS);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(run.first / 4096, BEGIN_MS + 51);
	kit_begin(&kit, 5, BEGIN_MS + 5000, FAR_MS);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_WAIT);
	cr_assert_eq(run.wait_ms, 5001 - DRIFT_MS);
	kit.unix_ms += run.wait_ms;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(run.first, (BEGIN_MS + 5001) * 4096ull);
	generator_free(kit.generator);
}

Test(generator, no_id_is_above_the_bound)
{
	struct snowflake_run run;
	struct kit kit;
	uint64_t last = 0;

	kit_init(&kit);
	kit_begin(&kit, 5, 0, BEGIN_MS + 3);
	while (generator_take(kit.generator, 7, SNOWFLAKE_RUN, &run) == SNOWFLAKE_TAKEN)
		last = run.first + 6;
	cr_assert_leq(last / 4096, BEGIN_MS + 3);
	cr_assert_eq(generator_take(kit.generator, 7, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	generator_extend(kit.generator, BEGIN_MS + 2); /* late, and lower: it changes nothing */
	cr_assert_eq(generator_take(kit.generator, 7, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	generator_extend(kit.generator, BEGIN_MS + 4);
	cr_assert_eq(generator_take(kit.generator, 7, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(run.first, last + 1);
	generator_free(kit.generator);
}

/* --- clocks that step ---------------------------------------------------------------------------- */

Test(generator, goes_on_above_its_newest_id_when_the_clock_steps_back_5_ms)
{
	struct snowflake_run run, more;
	struct kit kit;

	kit_init(&kit);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	kit.unix_ms -= 5;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &more), SNOWFLAKE_TAKEN);
	cr_assert_eq(more.first, run.first + 1);
	generator_free(kit.generator);
}

Test(generator, refuses_when_the_clock_steps_back_further)
{
	static const uint64_t steps_ms[] = {101, 5000, 3600000};

	for (size_t i = 0; i < ARRAY_LENGTH(steps_ms); i++) {
		struct snowflake_view view;
		struct snowflake_run run;
		struct kit kit;

		kit_init(&kit);
		kit.unix_ms += 3600000 - 1000;
		cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run),
			     SNOWFLAKE_TAKEN);
		kit.unix_ms -= steps_ms[i];
		cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run),
			     SNOWFLAKE_DRIFT);
		cr_assert_eq(run.drift_ms, steps_ms[i]);
		generator_view(kit.generator, &view);
		cr_assert_eq(view.drift_ms, steps_ms[i]);
		kit.unix_ms += steps_ms[i] - DRIFT_MS;
		cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run),
			     SNOWFLAKE_TAKEN);
		generator_free(kit.generator);
	}
}

Test(generator, a_new_claim_serves_after_the_clock_went_back_an_hour)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	kit.unix_ms += 3600000 - 1000;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	kit.unix_ms -= 3600000;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_DRIFT);
	kit_begin(&kit, 6, 0, FAR_MS);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	generator_free(kit.generator);
}

Test(generator, a_step_of_ten_years_forward_and_back_leaves_no_trace)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	kit.unix_ms += TEN_YEARS;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	kit.unix_ms -= TEN_YEARS;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(run.first / 4096, BEGIN_MS);
	generator_free(kit.generator);
}

Test(generator, the_drift_is_judged_by_clocks_and_not_by_the_newest_id)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	cr_assert_eq(generator_take(kit.generator, 1000000, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	kit.unix_ms -= 5; /* the newest id is 240 ms ahead of the clock */
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_WAIT);
	generator_free(kit.generator);
}

Test(generator, refuses_a_clock_before_the_epoch)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	kit.unix_ms = 0;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_DRIFT);
	generator_free(kit.generator);
}

/* --- bursts -------------------------------------------------------------------------------------- */

Test(generator, a_burst_borrows_as_much_as_the_threshold)
{
	struct snowflake_run run;
	struct kit kit;
	uint64_t taken = 0;

	kit_init(&kit);
	while (generator_take(kit.generator, 100, SNOWFLAKE_RUN, &run) == SNOWFLAKE_TAKEN)
		taken += 100;
	cr_assert_eq(run.wait_ms, 1);
	cr_assert_geq(taken + 100, (DRIFT_MS + 1) * 4096ull);
	cr_assert_leq(taken, (DRIFT_MS + 1) * 4096ull);
	generator_free(kit.generator);
}

Test(generator, a_run_longer_than_the_burst_begins_now)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	cr_assert_eq(generator_take(kit.generator, 4096 * 250, SNOWFLAKE_RUN, &run),
		     SNOWFLAKE_TAKEN);
	cr_assert_eq(run.first / 4096, BEGIN_MS);
	cr_assert_eq(generator_take(kit.generator, 4096 * 250, SNOWFLAKE_RUN, &run),
		     SNOWFLAKE_WAIT);
	cr_assert_eq(run.wait_ms, 250);
	kit.unix_ms += 250;
	cr_assert_eq(generator_take(kit.generator, 4096 * 250, SNOWFLAKE_RUN, &run),
		     SNOWFLAKE_TAKEN);
	cr_assert_eq(generator_take(kit.generator, 4096 * 250 + 1, SNOWFLAKE_RUN, &run),
		     SNOWFLAKE_TOO_MANY);
	cr_assert_eq(run.most, 4096 * 250);
	generator_free(kit.generator);
}

Test(generator, works_with_a_threshold_of_zero)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	generator_set_drift(kit.generator, 0);
	cr_assert_eq(generator_take(kit.generator, 4000, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(generator_take(kit.generator, 96, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_WAIT);
	cr_assert_eq(run.wait_ms, 1);
	kit.unix_ms++;
	cr_assert_eq(generator_take(kit.generator, 100000, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	generator_free(kit.generator);
}

/* Take COUNT, and check that each id is above *LAST, which becomes the newest one. */
static void
kit_take_above(struct kit *kit, uint32_t count, uint64_t *last)
{
	struct snowflake_run run;

	cr_assert_eq(generator_take(kit->generator, count, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t id = kit_id(&run, i);

		cr_assert_gt(id, *last);
		*last = id;
	}
}

Test(generator, another_max_sequence_repeats_no_id)
{
	static const uint32_t per_ms[] = {1, 4096, 3, 4095, 1000};
	struct snowflake_parts parts;
	struct snowflake_view view;
	uint64_t last = 0;
	struct kit kit;

	kit_init(&kit);
	kit_take_above(&kit, 5000, &last);
	for (size_t i = 0; i < ARRAY_LENGTH(per_ms); i++) {
		generator_set_per_ms(kit.generator, per_ms[i]);
		generator_view(kit.generator, &view);
		cr_assert_eq(view.last_id, last, "it is known before the next one is issued");
		cr_assert(view.is_within_bound);
		kit_take_above(&kit, 7, &last);
		cr_assert(snowflake_id_split(last, &parts));
		cr_assert_lt(parts.sequence, per_ms[i]);
		cr_assert_eq(parts.node, 5);
	}
	generator_view(kit.generator, &view);
	cr_assert_eq(view.last_id, last);
	cr_assert_eq(generator_end(kit.generator), last >> 22);
}

Test(generator, another_max_sequence_keeps_the_bound_and_the_drift)
{
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	kit_begin(&kit, 5, BEGIN_MS, BEGIN_MS + 2);
	kit.unix_ms += 1;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	generator_set_per_ms(kit.generator, 10);
	cr_assert_eq(generator_take(kit.generator, 11, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
	kit.unix_ms -= 5000;
	cr_assert_eq(generator_take(kit.generator, 10, SNOWFLAKE_RUN, &run), SNOWFLAKE_DRIFT);
	kit.unix_ms += 5000;
	cr_assert_eq(generator_take(kit.generator, 10, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	generator_extend(kit.generator, BEGIN_MS + 3);
	cr_assert_eq(generator_take(kit.generator, 10, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_NO_LEASE);
}

Test(generator, a_group_lies_within_one_millisecond)
{
	struct ticket_range tickets;
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	for (uint32_t count = 1; count <= 4096; count += 13) {
		struct ticket_range bases = {.increment = 1, .count = count};

		while (generator_take(kit.generator, count, SNOWFLAKE_GROUP, &run) !=
		       SNOWFLAKE_TAKEN)
			kit.unix_ms += run.wait_ms;
		bases.first = run.first;
		cr_assert(space_tickets(run.space, &bases, &tickets));
	}
	cr_assert_eq(generator_take(kit.generator, 4097, SNOWFLAKE_GROUP, &run),
		     SNOWFLAKE_TOO_MANY);
	cr_assert_eq(run.most, 4096);
	generator_free(kit.generator);
}

Test(generator, ends_with_the_41_bits)
{
	struct snowflake_view view;
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	kit_begin(&kit, 5, 0, UINT64_MAX / 2);
	kit.unix_ms = EPOCH_MS + SNOWFLAKE_END_MS - 1;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_TAKEN);
	cr_assert_eq(kit_id(&run, 0), INT64_MAX - ((1023 - 5) << 12) - 4095);
	cr_assert_eq(generator_take(kit.generator, 4096, SNOWFLAKE_RUN, &run), SNOWFLAKE_END);
	kit.unix_ms++;
	cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_END);
	generator_view(kit.generator, &view);
	cr_assert_eq(view.end_ms, 3808482455551ull); /* 2090-09-07T15:47:35.551Z */
	generator_free(kit.generator);
}

/* --- the guard of forward steps ------------------------------------------------------------------ */

Test(generator, a_claim_after_the_end_issues_nothing)
{
	static const uint64_t floors_ms[] = {SNOWFLAKE_END_MS - 1, SNOWFLAKE_END_MS,
					     SNOWFLAKE_END_MS + TEN_YEARS};
	struct snowflake_run run;
	struct kit kit;

	kit_init(&kit);
	for (size_t i = 0; i < ARRAY_LENGTH(floors_ms); i++) {
		kit.unix_ms = EPOCH_MS + floors_ms[i];
		kit_begin(&kit, 5, floors_ms[i], floors_ms[i] + 1000);
		cr_assert_eq(generator_take(kit.generator, 1, SNOWFLAKE_RUN, &run), SNOWFLAKE_END);
		cr_assert_eq(generator_take(kit.generator, 9, SNOWFLAKE_GROUP, &run),
			     SNOWFLAKE_END);
	}
}

Test(guard, holds_a_long_jump_until_it_stays)
{
	struct clock_guard guard = {0};
	uint64_t jump_ms;

	cr_assert_eq(guard_check(&guard, 5000000, 1000, &jump_ms), 0);
	cr_assert_eq(guard_check(&guard, 5001000, 2000, &jump_ms), 0);
	cr_assert_eq(guard_check(&guard, 5001000 + TEN_YEARS, 2000, &jump_ms), GUARD_HOLD_MS);
	cr_assert_eq(jump_ms, TEN_YEARS);
	cr_assert_eq(guard_check(&guard, 5002000 + TEN_YEARS, 3000, &jump_ms),
		     GUARD_HOLD_MS - 1000);
	cr_assert_eq(guard_check(&guard, 5062000 + TEN_YEARS, 63000, &jump_ms), 0);
	cr_assert_eq(guard_check(&guard, 5063000 + TEN_YEARS, 64000, &jump_ms), 0);
}

Test(guard, trusts_short_jumps_and_the_return_of_the_time)
{
	struct clock_guard guard = {0};
	uint64_t jump_ms;

	cr_assert_eq(guard_check(&guard, 5000000, 1000, &jump_ms), 0);
	cr_assert_eq(guard_check(&guard, 5010000, 1000, &jump_ms), 0);
	cr_assert_eq(guard_check(&guard, 1410000, 1000, &jump_ms), 0); /* an hour back .. */
	cr_assert_eq(guard_check(&guard, 5011000, 2000, &jump_ms), 0); /* .. and here again */
	cr_assert_gt(guard_check(&guard, 5022000, 2000, &jump_ms), 0);
	cr_assert_eq(guard_check(&guard, 5013000, 4000, &jump_ms), 0);
}
