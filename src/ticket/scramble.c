#include <assert.h>
#include <endian.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ticket/ff1.h"
#include "ticket/scramble.h"

#define SCRAMBLE_BATCH 64

/* A hash of the key that is used for nothing else, because the fingerprint is public. */
#define SCRAMBLE_FINGERPRINT_PREFIX "tickr: fingerprint of a scramble key\n"

_Static_assert(SCRAMBLE_KEY_SIZE == FF1_KEY_SIZE, "both are keys of AES-256");

struct scramble {
	struct ff1 *ff1;
	uint64_t fingerprint;
};

static uint64_t
scramble_hash_key(const unsigned char *key)
{
	unsigned char text[sizeof(SCRAMBLE_FINGERPRINT_PREFIX) - 1 + SCRAMBLE_KEY_SIZE];
	unsigned char digest[EVP_MAX_MD_SIZE];
	uint64_t first;

	memcpy(text, SCRAMBLE_FINGERPRINT_PREFIX, sizeof(text) - SCRAMBLE_KEY_SIZE);
	memcpy(text + sizeof(text) - SCRAMBLE_KEY_SIZE, key, SCRAMBLE_KEY_SIZE);
	if (EVP_Digest(text, sizeof(text), digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	explicit_bzero(text, sizeof(text));
	memcpy(&first, digest, sizeof(first));
	first = be64toh(first) & INT64_MAX;
	return first > 0 ? first : 1;
}

struct scramble *
scramble_new(const unsigned char key[SCRAMBLE_KEY_SIZE], struct text *reason)
{
	struct scramble *scramble = xcalloc(1, sizeof(*scramble));

	(void)reason;
	scramble->ff1 = ff1_new(key);
	scramble->fingerprint = scramble_hash_key(key);
	return scramble;
}

void
scramble_free(struct scramble *scramble)
{
	if (scramble == NULL)
		return;
	ff1_free(scramble->ff1);
	free(scramble);
}

uint64_t
scramble_fingerprint(const struct scramble *scramble)
{
	return scramble->fingerprint;
}

static void
scramble_open_domain(struct scramble *scramble, const struct scramble_domain *domain,
		     struct ff1_domain *opened)
{
	assert(domain->width == 53 || domain->width == 63);
	ff1_domain_init(opened, scramble->ff1, 2, domain->width, domain->name, domain->name_len);
}

/* FF1's text: the first half of the bits, rounded down, and the others. */
static struct ff1_text
scramble_split(unsigned width, uint64_t id)
{
	unsigned right_bits = width - width / 2;

	return (struct ff1_text){id >> right_bits, id & ((1ull << right_bits) - 1)};
}

static uint64_t
scramble_join(unsigned width, struct ff1_text text)
{
	return text.left << (width - width / 2) | text.right;
}

static bool
scramble_fits(unsigned width, uint64_t id)
{
	return id > 0 && id >> width == 0;
}

bool
scramble_ids(struct scramble *scramble, const struct scramble_domain *domain,
	     const struct ticket_range *ids, uint64_t *scrambled, uint32_t *count)
{
	struct ff1_domain opened;
	uint64_t last, id = ids->first;
	uint32_t made = 0;

	if (!range_last(ids, &last) || !scramble_fits(domain->width, ids->first) ||
	    !scramble_fits(domain->width, last))
		return false;
	scramble_open_domain(scramble, domain, &opened);
	for (uint32_t left = ids->count; left > 0;) {
		struct ff1_text texts[SCRAMBLE_BATCH];
		uint32_t n = left < SCRAMBLE_BATCH ? left : SCRAMBLE_BATCH;

		for (uint32_t i = 0; i < n; i++, id += ids->increment)
			texts[i] = scramble_split(domain->width, id);
		ff1_encrypt(scramble->ff1, &opened, texts, n);
		for (uint32_t i = 0; i < n; i++) {
			scrambled[made] = scramble_join(domain->width, texts[i]);
			made += scrambled[made] > 0;
		}
		left -= n;
	}
	*count = made;
	return true;
}

bool
scramble_decode(struct scramble *scramble, const struct scramble_domain *domain, uint64_t scrambled,
		uint64_t *id)
{
	struct ff1_domain opened;
	struct ff1_text text;

	if (!scramble_fits(domain->width, scrambled))
		return false;
	scramble_open_domain(scramble, domain, &opened);
	text = scramble_split(domain->width, scrambled);
	ff1_decrypt(scramble->ff1, &opened, &text, 1);
	*id = scramble_join(domain->width, text);
	return *id > 0;
}
