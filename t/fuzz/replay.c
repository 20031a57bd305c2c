/*
 * replay -- runs a fuzz target on each file of a corpus, without libFuzzer. Prints TAP.
 *
 *	fuzz_NAME DIRECTORY
 */
#include <dirent.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"

#define MOST_FILE_SIZE (1024 * 1024)

static char path[4096];

/* Copy the file to memory of exactly its size, so that a sanitizer finds a read past its end. */
static void
replay(FILE *file)
{
	uint8_t *content = xmalloc(MOST_FILE_SIZE);
	size_t len = fread(content, 1, MOST_FILE_SIZE, file);

	content = xrealloc(content, len);
	LLVMFuzzerTestOneInput(content, len);
	free(content);
}

static bool
replay_path(void)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return false;
	replay(file);
	fclose(file);
	return true;
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	struct dirent **entries;
	int count, failed = 0;

	if (argc != 2 || (count = scandir(argv[1], &entries, is_visible, alphasort)) <= 0) {
		printf("Bail out! name a directory with a corpus\n");
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		bool is_good;

		snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
		is_good = replay_path();
		printf("%sok %d - %s\n", is_good ? "" : "not ", i + 1, entries[i]->d_name);
		fflush(stdout); /* the next target may abort */
		failed += !is_good;
		free(entries[i]);
	}
	free(entries);
	return failed > 0;
}
