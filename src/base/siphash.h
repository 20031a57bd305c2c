/*
 * siphash -- SipHash-2-4: a hash of bytes under a secret key. Pure; any thread.
 *
 * Without the key no client can choose names that share a bucket of a table.
 */
#ifndef TICKR_BASE_SIPHASH_H
#define TICKR_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct siphash_key {
	uint64_t words[2];
};

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t size) MUST_CHECK;

#endif
