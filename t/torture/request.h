/*
 * request -- makes requests for tickets, and for ids of named sequences, in all forms. Any thread.
 */
#ifndef TORTURE_REQUEST_H
#define TORTURE_REQUEST_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALL_KEYS 0
#define NO_KEY	 UINT_MAX

#define EACH_SERVER UINT_MAX
#define MOST_STORES 15

/* A store of TICKR_SEQUENCERS_FILE. */
struct store {
	const char *name;
	unsigned server; /* the only one that has it, or EACH_SERVER */
	bool is_snowflake; /* its ids are Snowflake ids, so all keys are one sequence, without strong order */
};

/* The named sequences key-1, key-2, .. of all clients. Each store has all of them. */
struct keys {
	atomic_uint count;
	atomic_uint only; /* the key that is in use, or ALL_KEYS, or NO_KEY */
	struct store stores[MOST_STORES];
	unsigned store_count;
	bool are_snowflakes; /* there are no sequences, and a group has at most 4096 tickets */
};

struct request {
	uint32_t count;
	uint32_t key; /* see record.h; 0: tickets */
	bool is_strong;
	bool may_split; /* an array of Snowflake ids may be several progressions */
	char text[320];
	size_t len;
};

/* Return a number below BELOW. RANDOM is the state of the generator, and any number at first. */
uint64_t request_dice(uint64_t *random, uint64_t below);

/* Return a count from 1 to MOST. Each power of two has the same chance, so small counts are frequent. */
uint32_t request_count(uint64_t *random, uint32_t most);

/* Fill REQUEST to SERVER. VERSION is that of HTTP, and each line of HEADERS ends with CR LF. */
void request_make(struct request *request, uint64_t *random, const struct keys *keys,
		  unsigned server, const char *version, const char *headers);

#endif
