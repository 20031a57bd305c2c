/*
 * By Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). The names V, and the rotations, are the
 * paper's.
 */
#include <endian.h>
#include <string.h>

#include "base/siphash.h"

static uint64_t
siphash_rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void
siphash_rounds(uint64_t v[4], unsigned count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = siphash_rotate(v[1], 13) ^ v[0];
		v[3] = siphash_rotate(v[3], 16) ^ v[2];
		v[0] = siphash_rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = siphash_rotate(v[1], 17) ^ v[2];
		v[3] = siphash_rotate(v[3], 21) ^ v[0];
		v[2] = siphash_rotate(v[2], 32);
	}
}

static void
siphash_add(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	siphash_rounds(v, 2);
	v[0] ^= word;
}

uint64_t
siphash(const struct siphash_key *key, const void *bytes, size_t size)
{
	uint64_t v[4] = {
		key->words[0] ^ 0x736f6d6570736575,
		key->words[1] ^ 0x646f72616e646f6d,
		key->words[0] ^ 0x6c7967656e657261,
		key->words[1] ^ 0x7465646279746573,
	};
	const unsigned char *at = bytes;
	uint64_t word = 0;

	for (size_t left = size; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		siphash_add(v, le64toh(word));
	}
	word = 0;
	memcpy(&word, at, size % sizeof(word));
	siphash_add(v, le64toh(word) | (uint64_t)size << 56);
	v[2] ^= 0xff;
	siphash_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
