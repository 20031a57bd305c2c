/*
 * sequence -- a named sequence, as all rooms know it. Pure; any thread.
 *
 * Its numbers count from 1. A space turns number n, as base n + 1, into an id. A name is 1 byte or more, compared
 * byte for byte. It is UTF-8, so it never begins with the byte 0xFF, and the stores keep rows of their own there.
 */
#ifndef TICKR_TICKET_SEQUENCE_H
#define TICKR_TICKET_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define SEQUENCE_NAME_MOST 255		      /* bytes of a name in a store */
#define SEQUENCE_MOST	   ((1ull << 62) - 1) /* the highest number that may be issued */
#define SEQUENCE_MOST_JUMP (1ull << 53)	      /* numbers that an operator may skip in one step */
#define SEQUENCE_FIRST_ID  1		      /* of node 0: the starting offset of all sequences */
#define SEQUENCE_RESERVED  0xFF		      /* the first byte of a row that is no sequence */

enum sequence_order {
	SEQUENCE_STRONG, /* each id is reserved after its request came */
	SEQUENCE_WEAK,	 /* an id may come from the numbers that the server holds ahead */
};

enum sequence_form {
	SEQUENCE_PLAIN,
	SEQUENCE_SCRAMBLED, /* the id is permuted under a key */
};

/* The policy, as the row of the store has it. A sequence that was made on first use has the default one. */
struct sequence_policy {
	uint32_t revision; /* each change of the policy raises it; 0: made on first use */
	enum sequence_order order;
	enum sequence_form form;
	uint64_t start; /* the first number; 1 by default */
	uint64_t most;	/* the last number that may be issued; at most SEQUENCE_MOST */
	uint8_t width;	/* bits of an id: 53 or 63 */
	bool is_retired;
	bool is_declared;     /* an operator made it, or gave it this policy */
	uint64_t fingerprint; /* of the scramble key; 0: none */
};

#define SEQUENCE_DEFAULT_POLICY \
	((struct sequence_policy){.start = 1, .most = SEQUENCE_MOST, .width = 63})

/* The directory makes it, and it lives as long as the directory. */
struct sequence {
	const char *name; /* not ended by a NUL */
	uint8_t name_len;
	uint32_t tag;		       /* of the name, for the directory */
	struct sequence_policy policy; /* under a lock of the directory, which returns copies */
	void *held;		       /* the room held/ has it, under a lock of its own */
};

#endif
