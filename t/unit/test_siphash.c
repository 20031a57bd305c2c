#include <criterion/criterion.h>

#include "base/siphash.h"

/* The key is the bytes 0 .. 15, the text is the bytes 0 .. size - 1. From the paper, and its reference code. */
Test(siphash, the_published_samples_come_out)
{
	static const struct {
		size_t size;
		uint64_t hash;
	} samples[] = {
		{0, 0x726fdb47dd0e0e31},
		{1, 0x74f839c593dc67fd},
		{8, 0x93f5f5799a932462},
		{15, 0xa129ca6149be45e5},
	};
	struct siphash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
	unsigned char text[16];

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)i;
	for (size_t i = 0; i < ARRAY_LENGTH(samples); i++)
		cr_expect_eq(siphash(&key, text, samples[i].size), samples[i].hash, "%zu",
			     samples[i].size);
}

Test(siphash, another_key_is_another_hash)
{
	struct siphash_key key = {{1, 2}}, other = {{1, 3}};

	cr_assert_neq(siphash(&key, "orders", 6), siphash(&other, "orders", 6));
}
