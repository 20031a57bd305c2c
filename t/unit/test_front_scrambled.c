/* A front that has a key. */
#include "front/budget.h"
#include "front_kit.h"

static const unsigned char key[SCRAMBLE_KEY_SIZE] = "0123456789abcdef0123456789abcde";

static struct scramble *
scrambler(void)
{
	char memory[256];
	struct text reason = TEXT_OVER(memory);
	struct scramble *scramble = scramble_new(key, &reason);

	cr_assert_not_null(scramble, "%s", memory);
	return scramble;
}

/* The front of KIT frees its own scrambler. */
static struct kit_row *
begin(struct kit *kit, struct scramble *scramble, uint8_t width)
{
	struct kit_row *row;

	kit_begin_with(kit,
		       &(struct front_settings){
			       .names = FRONT_NAMES_ANY, .databases = 1, .scramble = scrambler()},
		       100, 100);
	row = kit_declare(kit, "coupons", SEQUENCE_WEAK);
	row->policy.form = SEQUENCE_SCRAMBLED;
	row->policy.width = width;
	row->policy.fingerprint = scramble_fingerprint(scramble);
	return row;
}

Test(front_scrambled, scrambled_ids_are_those_of_the_sequence_in_another_order)
{
	static const uint8_t widths[] = {53, 63};
	struct scramble *scramble = scrambler();

	for (size_t w = 0; w < ARRAY_LENGTH(widths); w++) {
		struct scramble_domain domain = {"coupons", 7, widths[w]};
		struct kit kit;
		struct kit_created created;
		bool is_rising = true;

		begin(&kit, scramble, widths[w]);
		kit_create(&kit, "coupons", FRONT_ORDER_NOT_NAMED, 4);
		created = kit_create(&kit, "coupons", FRONT_ORDER_NOT_NAMED, 16);
		cr_assert_eq(created.outcome, FRONT_OK, "%s", created.reason);
		cr_assert_eq(created.ids.count, 16);
		for (unsigned i = 0; i < 16; i++) {
			uint64_t id;

			cr_assert_lt(created.scrambled[i], 1ull << widths[w]);
			cr_assert(scramble_decode(scramble, &domain, created.scrambled[i], &id));
			cr_assert_eq(id, 5 + i);
			is_rising &= i == 0 || created.scrambled[i] > created.scrambled[i - 1];
		}
		cr_assert_not(is_rising);
		kit_end(&kit);
	}
	scramble_free(scramble);
}

Test(front_scrambled, another_key_is_refused)
{
	struct scramble *scramble = scrambler();
	struct kit kit;
	struct kit_created created;

	begin(&kit, scramble, 63)->policy.fingerprint++;
	created = kit_create(&kit, "coupons", FRONT_ORDER_NOT_NAMED, 1);
	cr_assert_eq(created.outcome, FRONT_UNAVAILABLE);
	cr_assert_not_null(strstr(created.reason, "TICKR_SCRAMBLE_KEY_FILE"), "%s", created.reason);
	cr_assert_eq(kit.reserves, 0);
	kit_end(&kit);
	scramble_free(scramble);
}

Test(front_scrambled, the_budget_fills_again_with_time)
{
	const uint64_t now_us = 5000000;
	struct front_budget budget = {0};

	cr_assert(budget_take(&budget, BUDGET_BURST, now_us));
	cr_assert_not(budget_take(&budget, 1, now_us));
	cr_assert_not(budget_take(&budget, 1001, now_us + 1000000 / 100));
	cr_assert(budget_take(&budget, 1000, now_us + 1000000 / 100));
	cr_assert(budget_take(&budget, BUDGET_BURST, now_us + 60 * 1000000));
	cr_assert_not(budget_take(&budget, 1, now_us + 60 * 1000000), "a rest saves a burst only");
}

Test(front_scrambled, scrambling_takes_a_bounded_part_of_a_loop)
{
	struct scramble *scramble = scrambler();
	struct kit kit;
	struct kit_created created[40];
	unsigned refused = 0;

	begin(&kit, scramble, 63);
	(void)kit_create(&kit, "coupons", FRONT_ORDER_NOT_NAMED, 1);
	for (unsigned i = 0; i < ARRAY_LENGTH(created); i++) {
		kit_ask(&kit, &created[i], "coupons", FRONT_ORDER_NOT_NAMED, FRONT_MOST_SCRAMBLED);
		refused += created[i].answers == 1 && created[i].outcome == FRONT_TOO_FAST;
	}
	cr_assert_gt(refused, 30, "%u", refused);
	kit_run(&kit);
	kit_end(&kit);
	scramble_free(scramble);
}

Test(front_scrambled, ids_end_where_the_width_ends)
{
	struct scramble *scramble = scrambler();
	struct kit kit;
	struct kit_created created;

	begin(&kit, scramble, 53)->last = (1ull << 53) - 2;
	created = kit_create(&kit, "coupons", FRONT_ORDER_NOT_NAMED, 1);
	cr_assert_eq(created.outcome, FRONT_OK, "%s", created.reason);
	created = kit_create(&kit, "coupons", FRONT_ORDER_NOT_NAMED, 1);
	cr_assert_eq(created.outcome, FRONT_EXHAUSTED);
	cr_assert_not_null(strstr(created.reason, "width"), "%s", created.reason);
	kit_end(&kit);
	scramble_free(scramble);
}
