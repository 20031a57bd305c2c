/*
 * ff1 -- format-preserving encryption: FF1 of NIST SP 800-38G with AES-256.
 *
 * FF1 permutes the numbers of a fixed count of digits in some radix, under a key and a public tweak. A text of
 * N digits is two numbers here: LEFT has the first N / 2 digits, RIGHT has the others.
 *
 * A cipher belongs to one thread at a time. Nothing here blocks.
 */
#ifndef TICKR_TICKET_FF1_H
#define TICKR_TICKET_FF1_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define FF1_KEY_SIZE	    32
#define FF1_MOST_TWEAK_SIZE 255

struct ff1;

/* One domain of a cipher, prepared once for many texts. Any thread may read it. */
struct ff1_domain {
	uint64_t left_size;  /* radix to the power of the digits of LEFT */
	uint64_t right_size; /* the same of RIGHT */
	unsigned right_bytes;
	unsigned char tail[16];	 /* those bytes, then zeros */
	unsigned char chain[16]; /* the cipher-block chain up to that block */
};

struct ff1_text {
	uint64_t left;
	uint64_t right;
};

/* A cipher under KEY, of FF1_KEY_SIZE bytes, which is copied. The process ends if OpenSSL has no AES-256. */
struct ff1 *ff1_new(const unsigned char *key) MUST_CHECK;
void ff1_free(struct ff1 *ff1); /* NULL is allowed */

/*
 * Prepare DOMAIN for DIGITS digits of RADIX and a tweak of at most FF1_MOST_TWEAK_SIZE bytes. RADIX is 2 .. 36;
 * each half is below 2^32 for RADIX 2, and below 2^56 for others.
 */
void ff1_domain_init(struct ff1_domain *domain, struct ff1 *ff1, unsigned radix, unsigned digits,
		     const void *tweak, size_t tweak_size);

/* Replace each of COUNT texts, whose halves are in the domain, by its image; and back. */
void ff1_encrypt(struct ff1 *ff1, const struct ff1_domain *domain, struct ff1_text *texts,
		 size_t count);
void ff1_decrypt(struct ff1 *ff1, const struct ff1_domain *domain, struct ff1_text *texts,
		 size_t count);

#endif
