#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "ticket/ff1.h"

/* The key of NIST's samples 7, 8 and 9 for FF1. */
static const unsigned char key[FF1_KEY_SIZE] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15,
	0x88, 0x09, 0xcf, 0x4f, 0x3c, 0xef, 0x43, 0x59, 0xd8, 0xd5, 0x80,
	0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f, 0x04, 0xfc, 0x6a, 0x94,
};

static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static struct ff1_text
text_of(const char *string, unsigned radix)
{
	size_t len = strlen(string);
	struct ff1_text text = {0};

	for (size_t i = 0; i < len; i++) {
		uint64_t *half = i < len / 2 ? &text.left : &text.right;

		*half = *half * radix + (uint64_t)(strchr(letters, string[i]) - letters);
	}
	return text;
}

Test(ff1, the_published_samples_come_out)
{
	static const struct {
		unsigned radix;
		const char *tweak, *plain, *secret;
	} samples[] = {
		{10, "", "0123456789", "6657667009"},
		{10, "9876543210", "0123456789", "1001623463"},
		{36, "7777pqrs777", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"},
	};
	struct ff1 *ff1 = ff1_new(key);

	for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
		struct ff1_text text = text_of(samples[i].plain, samples[i].radix);
		struct ff1_text plain = text, secret = text_of(samples[i].secret, samples[i].radix);
		struct ff1_domain domain;

		ff1_domain_init(&domain, ff1, samples[i].radix, (unsigned)strlen(samples[i].plain),
				samples[i].tweak, strlen(samples[i].tweak));
		ff1_encrypt(ff1, &domain, &text, 1);
		cr_assert_eq(text.left, secret.left);
		cr_assert_eq(text.right, secret.right);
		ff1_decrypt(ff1, &domain, &text, 1);
		cr_assert_eq(text.left, plain.left);
		cr_assert_eq(text.right, plain.right);
	}
	ff1_free(ff1);
}

/* 4096 texts of 12 bits, more than one batch: each image comes once. */
Test(ff1, every_number_of_a_domain_has_its_own_image)
{
	struct ff1 *ff1 = ff1_new(key);
	struct ff1_domain domain;
	static struct ff1_text texts[4096];
	static bool is_taken[4096];

	ff1_domain_init(&domain, ff1, 2, 12, "orders", 6);
	for (unsigned i = 0; i < 4096; i++)
		texts[i] = (struct ff1_text){i >> 6, i & 63};
	ff1_encrypt(ff1, &domain, texts, 4096);
	for (unsigned i = 0; i < 4096; i++) {
		cr_assert_lt(texts[i].left, 64);
		cr_assert_lt(texts[i].right, 64);
		cr_assert_not(is_taken[texts[i].left << 6 | texts[i].right]);
		is_taken[texts[i].left << 6 | texts[i].right] = true;
	}
	ff1_decrypt(ff1, &domain, texts, 4096);
	for (unsigned i = 0; i < 4096; i++)
		cr_assert_eq(texts[i].left << 6 | texts[i].right, i);
	ff1_free(ff1);
}

Test(ff1, tweaks_of_every_length_are_different_permutations)
{
	struct ff1 *ff1 = ff1_new(key);
	static unsigned char tweak[FF1_MOST_TWEAK_SIZE];
	uint64_t seen[FF1_MOST_TWEAK_SIZE + 1];

	for (size_t size = 0; size <= FF1_MOST_TWEAK_SIZE; size++) {
		struct ff1_text text = {0, 1};
		struct ff1_domain domain;

		ff1_domain_init(&domain, ff1, 2, 63, tweak, size);
		ff1_encrypt(ff1, &domain, &text, 1);
		cr_assert_lt(text.left, 1UL << 31);
		cr_assert_lt(text.right, 1UL << 32);
		seen[size] = text.left << 32 | text.right;
		for (size_t other = 0; other < size; other++)
			cr_assert_neq(seen[size], seen[other]);
		ff1_decrypt(ff1, &domain, &text, 1);
		cr_assert_eq(text.left, 0);
		cr_assert_eq(text.right, 1);
	}
	ff1_free(ff1);
}
