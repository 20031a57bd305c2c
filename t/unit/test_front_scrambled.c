/* A front that has a key. */
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
