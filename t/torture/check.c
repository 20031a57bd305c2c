/*
 * check -- reads the records of a torture's clients, and prints which promises were kept.
 *
 *	check FOLDER MAX_NODES STARTING_OFFSET [in-order] [has-another] [sequences] [snowflakes] [back-within=SECONDS]
 *
 * FOLDER has the files of client.c, and a file "faults", see faults.h. With in-order each node has one
 * counter, and no server reserves ahead. Then a request that begins after any answer gets a higher
 * ticket. With has-another each server has several databases. Then it serves while one of them works. With
 * sequences each client must have got ids of named sequences. Their promises are checked in any case. With snowflakes
 * tickets rise on each connection only. A server that starts again may have another worker id and another clock.
 *
 * Within SECONDS of the end of a fault, by default 2, a server must issue tickets again.
 *
 * The program prints a line of TAP, without a number, for each promise. The evidence precedes a broken
 * promise, and the exit status is then 1.
 */
#include <err.h>
#include <string.h>

#include "base/parse.h"
#include "numbers.h"
#include "promises.h"

#define BACK_WITHIN  "back-within="
#define MOST_SECONDS 3600

static void
take_word(struct run *run, const char *word)
{
	if (strcmp(word, "in-order") == 0)
		run->is_in_order = true;
	else if (strcmp(word, "has-another") == 0)
		run->has_another = true;
	else if (strcmp(word, "sequences") == 0)
		run->has_sequences = true;
	else if (strcmp(word, "snowflakes") == 0)
		run->are_snowflakes = true;
	else if (strncmp(word, BACK_WITHIN, strlen(BACK_WITHIN)) == 0 &&
		 parse_number(word + strlen(BACK_WITHIN), strlen(word) - strlen(BACK_WITHIN),
			      MOST_SECONDS, &run->back_within_us))
		run->back_within_us *= 1000000;
	else
		errx(64, "unknown word %s", word);
}

int
main(int argc, char **argv)
{
	struct run run = {.back_within_us = 2000000};
	uint64_t max_nodes;
	bool are_kept;

	if (argc < 4)
		errx(64, "usage: check FOLDER MAX_NODES STARTING_OFFSET [in-order] [has-another] "
			 "[sequences] [snowflakes] [back-within=SECONDS]");
	if (!parse_number(argv[2], strlen(argv[2]), UINT32_MAX, &max_nodes) || max_nodes == 0 ||
	    !parse_number(argv[3], strlen(argv[3]), INT64_MAX, &run.starting_offset))
		errx(64, "MAX_NODES or STARTING_OFFSET is not a number");
	run.max_nodes = max_nodes;
	for (int i = 4; i < argc; i++)
		take_word(&run, argv[i]);
	run_read(&run, argv[1]);
	are_kept = promises_check(&run);
	numbers_print(&run);
	run_free(&run);
	return are_kept ? 0 : 1;
}
