/*
 * scramble -- ids of a sequence that nobody can guess: FF1 permutes them under a secret key.
 *
 * A sequence of width W has the ids 1 .. 2^W - 1. FF1 permutes the numbers of W bits, with the name of the
 * sequence as its tweak. So two ids of a sequence never have the same scrambled id under one key. No id is 0:
 * the id whose image would be 0 has none, and becomes a gap.
 *
 * A scrambler belongs to one thread at a time. Nothing here blocks. Without OpenSSL's libcrypto,
 * scramble_missing.c is built in place of scramble.c, and no scrambler can be made.
 */
#ifndef TICKR_TICKET_SCRAMBLE_H
#define TICKR_TICKET_SCRAMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/range.h"

#define SCRAMBLE_KEY_SIZE   32 /* bytes, written as twice as many hexadecimal digits */
#define SCRAMBLE_KEY_DIGITS (2 * SCRAMBLE_KEY_SIZE)

struct scramble;

/* One permutation. The caller owns NAME, which must not change meanwhile. */
struct scramble_domain {
	const char *name;
	uint8_t name_len;
	uint8_t width; /* bits of an id: 53 or 63 */
};

/*
 * Parse SCRAMBLE_KEY_DIGITS hexadecimal digits, of either case, into KEY. False: TEXT is anything else, and
 * KEY is wiped. The caller wipes KEY after use.
 */
bool scramble_parse_key(const char *text, size_t len,
			unsigned char key[SCRAMBLE_KEY_SIZE]) MUST_CHECK;

/* Make a scrambler under KEY, of which it keeps a copy. NULL: this build has none; REASON says why. */
struct scramble *scramble_new(const unsigned char key[SCRAMBLE_KEY_SIZE],
			      struct text *reason) MUST_CHECK;
void scramble_free(struct scramble *scramble); /* NULL is allowed; it wipes the key */

/*
 * A number that tells keys apart and does not betray them: 1 .. INT64_MAX, so that a signed column holds
 * it. Under another key a sequence would repeat ids.
 */
uint64_t scramble_fingerprint(const struct scramble *scramble);

/*
 * Write the scrambled ids of IDS to SCRAMBLED, in order, and their number to *COUNT. It is one less than
 * that of IDS if one of them has none. SCRAMBLED has room for as many as IDS. False: an id does not fit the
 * width, or is 0, and nothing was written.
 */
bool scramble_ids(struct scramble *scramble, const struct scramble_domain *domain,
		  const struct ticket_range *ids, uint64_t *scrambled, uint32_t *count) MUST_CHECK;

/* The id that became SCRAMBLED. False: none did. */
bool scramble_decode(struct scramble *scramble, const struct scramble_domain *domain,
		     uint64_t scrambled, uint64_t *id) MUST_CHECK;

#endif
