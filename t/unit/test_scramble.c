#include <criterion/criterion.h>
#include <string.h>

#include "base/memory.h"
#include "ticket/ff1.h"
#include "ticket/scramble.h"

/* The key of NIST's samples 7, 8 and 9 for FF1. */
static const char digits[] = "2b7e151628aed2a6abf7158809cf4f3cEF4359D8D580AA4F7F036D6F04FC6A94";

static struct scramble *
scrambler_of(const char *text)
{
	unsigned char key[SCRAMBLE_KEY_SIZE];
	char memory[200];
	struct text reason = TEXT_OVER(memory);
	struct scramble *scramble;

	cr_assert(scramble_parse_key(text, strlen(text), key));
	scramble = scramble_new(key, &reason);
	cr_assert_not_null(scramble);
	return scramble;
}

static struct scramble_domain
domain_of(const char *name, uint8_t width)
{
	return (struct scramble_domain){name, (uint8_t)strlen(name), width};
}

/* The only scrambled id of ID; 0: it has none. */
static uint64_t
scrambled_id(struct scramble *scramble, const struct scramble_domain *domain, uint64_t id)
{
	struct ticket_range ids = {id, 1, 1};
	uint64_t scrambled;
	uint32_t count;

	cr_assert(scramble_ids(scramble, domain, &ids, &scrambled, &count));
	return count == 1 ? scrambled : 0;
}

/* From a second implementation, written from the text of the standard. */
Test(scramble, images_are_those_of_the_standard)
{
	static char long_name[129], longest_name[256];
	static const struct {
		const char *name;
		uint8_t width;
		uint64_t id, image;
	} cases[] = {
		{"orders", 63, 1, 5442605675969437049},
		{"orders", 63, 2, 4670846799530325161},
		{"orders", 63, 3, 6257394232210104225},
		{"orders", 63, INT64_MAX, 1245448640090225681},
		{"orders", 53, 1, 3611329519883259},
		{"orders", 53, 2, 6151420379226193},
		{"orders", 53, (1ull << 53) - 1, 2167272793302619},
		{"rechnungen/gr\xc3\xb6\xc3\x9f"
		 "e",
		 63, 42, 2057018734464804463},
		{long_name, 53, 1000000, 987159837290568},
		{longest_name, 63, 1000000, 1367549781714788346},
	};
	struct scramble *scramble = scrambler_of(digits);

	memset(long_name, 'n', sizeof(long_name) - 1);
	memset(longest_name, 's', sizeof(longest_name) - 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct scramble_domain domain = domain_of(cases[i].name, cases[i].width);
		uint64_t id;

		cr_expect_eq(scrambled_id(scramble, &domain, cases[i].id), cases[i].image,
			     "case %zu", i);
		cr_expect(scramble_decode(scramble, &domain, cases[i].image, &id));
		cr_expect_eq(id, cases[i].id, "case %zu", i);
	}
	scramble_free(scramble);
}

Test(scramble, many_ids_together_are_each_as_alone_and_can_be_decoded)
{
	struct scramble *scramble = scrambler_of(digits);
	struct ticket_range ids = {4711, 10, 10000};
	struct scramble_domain domain = domain_of("invoices", 53);
	uint64_t *scrambled = xcalloc(ids.count, sizeof(*scrambled));
	uint32_t count;

	cr_assert(scramble_ids(scramble, &domain, &ids, scrambled, &count));
	cr_assert_eq(count, ids.count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t id;

		cr_assert_eq(scrambled[i], scrambled_id(scramble, &domain, 4711 + 10 * i));
		cr_assert_lt(scrambled[i], 1ull << 53);
		cr_assert(scramble_decode(scramble, &domain, scrambled[i], &id));
		cr_assert_eq(id, 4711 + 10 * i);
	}
	free(scrambled);
	scramble_free(scramble);
}

/* The id whose image is 0, by FF1 itself. */
static uint64_t
id_of_zero(const char *name, unsigned width)
{
	unsigned char key[SCRAMBLE_KEY_SIZE];
	struct ff1_domain domain;
	struct ff1_text text = {0};
	struct ff1 *ff1;

	cr_assert(scramble_parse_key(digits, strlen(digits), key));
	ff1 = ff1_new(key);
	ff1_domain_init(&domain, ff1, 2, width, name, strlen(name));
	ff1_decrypt(ff1, &domain, &text, 1);
	ff1_free(ff1);
	return text.left << (width - width / 2) | text.right;
}

Test(scramble, the_id_whose_image_is_0_becomes_a_gap)
{
	struct scramble *scramble = scrambler_of(digits);

	for (unsigned width = 53; width <= 63; width += 10) {
		struct scramble_domain domain = domain_of("orders", (uint8_t)width);
		struct ticket_range ids = {id_of_zero("orders", width) - 1, 1, 3};
		uint64_t scrambled[3], id;
		uint32_t count;

		cr_assert(scramble_ids(scramble, &domain, &ids, scrambled, &count));
		cr_assert_eq(count, 2);
		cr_assert_eq(scrambled[0], scrambled_id(scramble, &domain, ids.first));
		cr_assert_eq(scrambled[1], scrambled_id(scramble, &domain, ids.first + 2));
		cr_assert_eq(scrambled_id(scramble, &domain, ids.first + 1), 0);
		cr_assert_not(scramble_decode(scramble, &domain, 0, &id));
	}
	scramble_free(scramble);
}

/* The image of 0 belongs to no id, because there is no id 0. */
Test(scramble, a_number_that_was_never_an_id_is_not_decoded)
{
	struct scramble *scramble = scrambler_of(digits);
	struct scramble_domain domain = domain_of("orders", 53);
	unsigned char key[SCRAMBLE_KEY_SIZE];
	struct ff1_domain opened;
	struct ff1_text text = {0};
	struct ff1 *ff1;
	uint64_t id;

	cr_assert(scramble_parse_key(digits, strlen(digits), key));
	ff1 = ff1_new(key);
	ff1_domain_init(&opened, ff1, 2, 53, "orders", 6);
	ff1_encrypt(ff1, &opened, &text, 1);
	cr_assert_not(scramble_decode(scramble, &domain, text.left << 27 | text.right, &id));
	cr_assert_not(scramble_decode(scramble, &domain, 1ull << 53, &id));
	cr_assert_not(scramble_decode(scramble, &domain, UINT64_MAX, &id));
	ff1_free(ff1);
	scramble_free(scramble);
}

Test(scramble, ids_that_do_not_fit_the_width_are_refused)
{
	static const struct {
		uint8_t width;
		struct ticket_range ids;
	} cases[] = {
		{53, {1ull << 53, 1, 1}}, {53, {(1ull << 53) - 2, 1, 3}}, {63, {1ull << 63, 1, 1}},
		{63, {INT64_MAX, 1, 2}},  {63, {UINT64_MAX, 10, 2}},	  {53, {0, 1, 1}},
	};
	struct scramble *scramble = scrambler_of(digits);

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct scramble_domain domain = domain_of("orders", cases[i].width);
		uint64_t scrambled[3];
		uint32_t count;

		cr_expect_not(scramble_ids(scramble, &domain, &cases[i].ids, scrambled, &count),
			      "case %zu", i);
	}
	scramble_free(scramble);
}

Test(scramble, names_widths_and_keys_are_permutations_of_their_own)
{
	struct scramble *scramble = scrambler_of(digits);
	struct scramble *other =
		scrambler_of("2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a95");
	struct scramble_domain orders = domain_of("orders", 53), wide = domain_of("orders", 63);
	struct scramble_domain upper = domain_of("Orders", 53), padded = domain_of("orders ", 53);
	uint64_t image = scrambled_id(scramble, &orders, 1);

	cr_assert_neq(image, scrambled_id(scramble, &wide, 1));
	cr_assert_neq(image, scrambled_id(scramble, &upper, 1));
	cr_assert_neq(image, scrambled_id(scramble, &padded, 1));
	cr_assert_neq(image, scrambled_id(other, &orders, 1));
	scramble_free(other);
	scramble_free(scramble);
}

Test(scramble, the_fingerprint_tells_keys_apart_and_fits_a_signed_column)
{
	struct scramble *scramble = scrambler_of(digits);
	struct scramble *other =
		scrambler_of("0000000000000000000000000000000000000000000000000000000000000000");

	cr_assert_eq(scramble_fingerprint(scramble), 330435813041837201);
	cr_assert_neq(scramble_fingerprint(other), scramble_fingerprint(scramble));
	cr_assert_leq(scramble_fingerprint(other), (uint64_t)INT64_MAX);
	cr_assert_gt(scramble_fingerprint(other), 0);
	scramble_free(other);
	scramble_free(scramble);
}

Test(scramble, only_64_hexadecimal_digits_are_a_key)
{
	static const char *const wrong[] = {
		"",
		"2b",
		"2b7e151628aed2a6abf7158809cf4f3cEF4359D8D580AA4F7F036D6F04FC6A9",
		"2b7e151628aed2a6abf7158809cf4f3cEF4359D8D580AA4F7F036D6F04FC6A944",
		"2b7e151628aed2a6abf7158809cf4f3cEF4359D8D580AA4F7F036D6F04FC6A9g",
		"0x7e151628aed2a6abf7158809cf4f3cEF4359D8D580AA4F7F036D6F04FC6A94",
		" b7e151628aed2a6abf7158809cf4f3cEF4359D8D580AA4F7F036D6F04FC6A94",
		"2b7e151628aed2a6abf7158809cf4f3cEF4359D8D580AA4F7F036D6F04FC6A9\n",
	};
	unsigned char key[SCRAMBLE_KEY_SIZE], none[SCRAMBLE_KEY_SIZE] = {0};

	cr_assert(scramble_parse_key(digits, strlen(digits), key));
	cr_assert_eq(key[0], 0x2b);
	cr_assert_eq(key[31], 0x94);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		cr_expect_not(scramble_parse_key(wrong[i], strlen(wrong[i]), key), "%zu", i);
		cr_expect_eq(memcmp(key, none, sizeof(key)), 0, "nothing of it is left");
	}
}
