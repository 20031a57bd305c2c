/*
 * scramble -- scrambles ids in a loop, to measure the cost of an id.
 *
 *	scramble [SECONDS]
 *
 * The program prints a line for each count of ids a request: nanoseconds of one thread for an id, and for a
 * request. Each request prepares the permutation of its sequence again, as the server does.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ticket/scramble.h"

#define MOST_IDS 10000

static void
measure(struct scramble *scramble, uint32_t count, uint64_t duration_us)
{
	static const char name[] = "customers/4711/invoices";
	struct scramble_domain domain = {name, sizeof(name) - 1, 63};
	static uint64_t scrambled[MOST_IDS];
	struct ticket_range ids = {1, 10, count};
	uint64_t requests = 0, began_us = clock_us(), now_us = began_us;
	uint32_t made;

	while (now_us < began_us + duration_us) {
		if (!scramble_ids(scramble, &domain, &ids, scrambled, &made))
			errx(1, "the ids do not fit");
		ids.first += 10ull * count;
		requests++;
		if (requests % 16 == 0 || count > 100)
			now_us = clock_us();
	}
	printf("%5" PRIu32 " ids a request: %7.1f ns an id, %9.0f ns a request\n", count,
	       (double)(now_us - began_us) * 1000 / (double)requests / count,
	       (double)(now_us - began_us) * 1000 / (double)requests);
}

int
main(int argc, char **argv)
{
	static const uint32_t counts[] = {1, 10, 100, 1000, MOST_IDS};
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	unsigned char key[SCRAMBLE_KEY_SIZE];
	char memory[256];
	struct text reason = TEXT_OVER(memory);
	struct scramble *scramble;

	memset(key, 0x5a, sizeof(key));
	scramble = scramble_new(key, &reason);
	if (scramble == NULL)
		errx(1, "%s", memory);
	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
		measure(scramble, counts[i], (uint64_t)(seconds * 1e6));
	scramble_free(scramble);
	return 0;
}
