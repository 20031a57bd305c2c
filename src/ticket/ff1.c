#include <assert.h>
#include <endian.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ticket/ff1.h"

#define FF1_BLOCK_SIZE 16
#define FF1_ROUNDS     10
#define FF1_BATCH      64 /* texts that are encrypted in one call of OpenSSL */

struct ff1 {
	EVP_CIPHER_CTX *aes; /* AES-256 on single blocks, without padding */
};

struct ff1 *
ff1_new(const unsigned char *key)
{
	struct ff1 *ff1 = xcalloc(1, sizeof(*ff1));

	ff1->aes = EVP_CIPHER_CTX_new();
	if (ff1->aes == NULL ||
	    EVP_EncryptInit_ex(ff1->aes, EVP_aes_256_ecb(), NULL, key, NULL) != 1)
		abort();
	EVP_CIPHER_CTX_set_padding(ff1->aes, 0);
	return ff1;
}

void
ff1_free(struct ff1 *ff1)
{
	if (ff1 == NULL)
		return;
	EVP_CIPHER_CTX_free(ff1->aes); /* wipes the key */
	free(ff1);
}

/* Encrypt COUNT blocks in place, each by itself. */
static void
ff1_encrypt_blocks(struct ff1 *ff1, unsigned char *blocks, size_t count)
{
	int len;

	if (EVP_EncryptUpdate(ff1->aes, blocks, &len, blocks, (int)(count * FF1_BLOCK_SIZE)) != 1)
		abort();
	assert((size_t)len == count * FF1_BLOCK_SIZE);
}

/* Add one block to the chain that the standard calls PRF: a CBC-MAC. */
static void
ff1_chain(struct ff1 *ff1, unsigned char *chain, const unsigned char *block)
{
	for (size_t i = 0; i < FF1_BLOCK_SIZE; i++)
		chain[i] ^= block[i];
	ff1_encrypt_blocks(ff1, chain, 1);
}

static uint64_t
ff1_power(unsigned radix, unsigned exponent)
{
	uint64_t power = 1;

	while (exponent-- > 0)
		assert(!__builtin_mul_overflow(power, radix, &power));
	return power;
}

/*
 * The standard's P || Q is the same in every round and for every text, except for its last block. That is P, and
 * the bytes of the tweak before that block. The last block ends in the number of the round and the RIGHT half.
 */
void
ff1_domain_init(struct ff1_domain *domain, struct ff1 *ff1, unsigned radix, unsigned digits,
		const void *tweak, size_t tweak_size)
{
	unsigned left_digits = digits / 2;
	const unsigned char *bytes = tweak;
	unsigned char p[FF1_BLOCK_SIZE] = {
		1, 2, 1, 0, 0, (unsigned char)radix, FF1_ROUNDS, (unsigned char)left_digits,
	};
	size_t room;

	assert(tweak_size <= FF1_MOST_TWEAK_SIZE && digits < 256);
	memset(domain, 0, sizeof(*domain));
	domain->left_size = ff1_power(radix, left_digits);
	domain->right_size = ff1_power(radix, digits - left_digits);
	for (uint64_t most = domain->right_size - 1; most > 0; most >>= 8)
		domain->right_bytes++;
	p[11] = (unsigned char)digits;
	p[15] = (unsigned char)tweak_size;
	ff1_chain(ff1, domain->chain, p);
	room = FF1_BLOCK_SIZE - 1 - domain->right_bytes;
	while (tweak_size > room) {
		unsigned char block[FF1_BLOCK_SIZE] = {0};
		size_t used = tweak_size < FF1_BLOCK_SIZE ? tweak_size : FF1_BLOCK_SIZE;

		memcpy(block, bytes, used);
		ff1_chain(ff1, domain->chain, block);
		bytes += used;
		tweak_size -= used;
	}
	memcpy(domain->tail, bytes, tweak_size);
}

/* The pseudo-random number of one round for the half that is not changed; see ff1_domain_init(). */
static void
ff1_fill(const struct ff1_domain *domain, unsigned round, uint64_t half, unsigned char *block)
{
	memcpy(block, domain->tail, FF1_BLOCK_SIZE);
	block[FF1_BLOCK_SIZE - 1 - domain->right_bytes] = (unsigned char)round;
	for (unsigned i = 0; i < domain->right_bytes; i++, half >>= 8)
		block[FF1_BLOCK_SIZE - 1 - i] = (unsigned char)half;
	for (size_t i = 0; i < FF1_BLOCK_SIZE; i++)
		block[i] ^= domain->chain[i];
}

/* The first bytes of BLOCK as a number, modulo SIZE. The standard takes 4 bytes more than a half needs. */
static uint64_t
ff1_reduce(const struct ff1_domain *domain, const unsigned char *block, uint64_t size)
{
	unsigned words = (domain->right_bytes + 3) / 4 + 1;
	uint64_t number = 0;

	for (unsigned i = 0; i < words; i++) {
		uint32_t word;

		memcpy(&word, block + 4 * i, sizeof(word));
		number = (uint64_t)((((unsigned __int128)number << 32) | be32toh(word)) % size);
	}
	return number;
}

static void
ff1_encrypt_batch(struct ff1 *ff1, const struct ff1_domain *domain, struct ff1_text *texts,
		  size_t count)
{
	unsigned char blocks[FF1_BATCH * FF1_BLOCK_SIZE];

	for (unsigned round = 0; round < FF1_ROUNDS; round++) {
		uint64_t size = round % 2 == 0 ? domain->left_size : domain->right_size;

		for (size_t i = 0; i < count; i++)
			ff1_fill(domain, round, texts[i].right, &blocks[i * FF1_BLOCK_SIZE]);
		ff1_encrypt_blocks(ff1, blocks, count);
		for (size_t i = 0; i < count; i++) {
			uint64_t added = ff1_reduce(domain, &blocks[i * FF1_BLOCK_SIZE], size);
			uint64_t sum = (texts[i].left + added) % size;

			texts[i].left = texts[i].right;
			texts[i].right = sum;
		}
	}
}

static void
ff1_decrypt_batch(struct ff1 *ff1, const struct ff1_domain *domain, struct ff1_text *texts,
		  size_t count)
{
	unsigned char blocks[FF1_BATCH * FF1_BLOCK_SIZE];

	for (unsigned round = FF1_ROUNDS; round-- > 0;) {
		uint64_t size = round % 2 == 0 ? domain->left_size : domain->right_size;

		for (size_t i = 0; i < count; i++)
			ff1_fill(domain, round, texts[i].left, &blocks[i * FF1_BLOCK_SIZE]);
		ff1_encrypt_blocks(ff1, blocks, count);
		for (size_t i = 0; i < count; i++) {
			uint64_t added = ff1_reduce(domain, &blocks[i * FF1_BLOCK_SIZE], size);
			uint64_t difference = (texts[i].right + size - added) % size;

			texts[i].right = texts[i].left;
			texts[i].left = difference;
		}
	}
}

void
ff1_encrypt(struct ff1 *ff1, const struct ff1_domain *domain, struct ff1_text *texts, size_t count)
{
	for (size_t done = 0; done < count; done += FF1_BATCH)
		ff1_encrypt_batch(ff1, domain, texts + done,
				  count - done < FF1_BATCH ? count - done : FF1_BATCH);
}

void
ff1_decrypt(struct ff1 *ff1, const struct ff1_domain *domain, struct ff1_text *texts, size_t count)
{
	for (size_t done = 0; done < count; done += FF1_BATCH)
		ff1_decrypt_batch(ff1, domain, texts + done,
				  count - done < FF1_BATCH ? count - done : FF1_BATCH);
}
