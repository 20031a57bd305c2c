/*
 * env_file.c beside systemd's own parser, which is in a library that systemd keeps for itself. Where that
 * is not here the test is skipped.
 */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "config/env_file.h"

#define LIBRARY	     "/usr/lib/*/systemd/libsystemd-shared-*.so"
#define MOST_PAIRS   64
#define RANDOM_FILES 200000

typedef int load_fn(FILE *file, const char *name, char ***pairs);
typedef bool is_valid_fn(const char *name);

static load_fn *load_env_file;
static is_valid_fn *env_assignment_is_valid;

/* Assignments as "NAME=value"; the last one of a name counts. */
struct pairs {
	char *pairs[MOST_PAIRS];
	size_t count;
};

static void *
open_library(void)
{
	glob_t found;
	void *library = NULL;

	if (glob(LIBRARY, 0, NULL, &found) == 0)
		library = dlopen(found.gl_pathv[0], RTLD_NOW | RTLD_LOCAL);
	globfree(&found);
	return library;
}

static void
find_systemd(void)
{
	void *library = open_library();

	if (library != NULL) {
		load_env_file = (load_fn *)dlsym(library, "load_env_file");
		env_assignment_is_valid = (is_valid_fn *)dlsym(library, "env_assignment_is_valid");
	}
	if (load_env_file == NULL || env_assignment_is_valid == NULL)
		cr_skip_test("systemd's library is not here");
}

static void
put(struct pairs *pairs, char *pair)
{
	size_t len = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < pairs->count; i++) {
		if (strncmp(pairs->pairs[i], pair, len) == 0) {
			free(pairs->pairs[i]);
			pairs->pairs[i] = pair;
			return;
		}
	}
	cr_assert_lt(pairs->count, MOST_PAIRS);
	pairs->pairs[pairs->count++] = pair;
}

static void
put_ours(void *arg, const char *name, const char *value)
{
	char *pair;

	cr_assert_gt(asprintf(&pair, "%s=%s", name, value), 0);
	put(arg, pair);
}

static void
clear(struct pairs *pairs)
{
	while (pairs->count > 0)
		free(pairs->pairs[--pairs->count]);
}

/* As a service gets them: assignments with a bad name are left out. */
static void
read_theirs(const char *content, size_t len, struct pairs *pairs)
{
	FILE *file = fmemopen((void *)content, len, "r");
	char **list = NULL;

	if (load_env_file(file, NULL, &list) == 0)
		for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
			if (env_assignment_is_valid(list[i]))
				put(pairs, list[i]);
			else
				free(list[i]);
		}
	free(list);
	fclose(file);
}

static bool
is_same(const struct pairs *a, const struct pairs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		bool is_there = false;

		for (size_t j = 0; j < b->count; j++)
			is_there |= strcmp(a->pairs[i], b->pairs[j]) == 0;
		if (!is_there)
			return false;
	}
	return true;
}

/* Whether CONTENT was read without a word, and then the same by both. */
static bool
is_read_alike(const char *content, size_t len)
{
	char problem_memory[4096], warning_memory[4096];
	struct text problem = TEXT_OVER(problem_memory), warning = TEXT_OVER(warning_memory);
	struct pairs ours = {0}, theirs = {0};
	bool is_good = env_file_parse(content, len, put_ours, &ours, &problem, &warning);
	bool is_silent = is_good && warning.len == 0;

	if (is_silent) {
		read_theirs(content, len, &theirs);
		cr_assert(is_same(&ours, &theirs),
			  "<%.*s>: %zu pairs, the first \"%s\"; systemd has %zu, the first \"%s\"",
			  (int)len, content, ours.count, ours.count > 0 ? ours.pairs[0] : "",
			  theirs.count, theirs.count > 0 ? theirs.pairs[0] : "");
	}
	clear(&ours);
	clear(&theirs);
	return is_silent;
}

Test(systemd, lines_read_without_a_warning_are_read_by_systemd_alike)
{
	static const char *const cases[] = {
		"A=1",
		"A=1\nA=2\n",
		"A = b",
		"\tA\t=\tb\t\n",
		"A=1\r\nB=2\r\n",
		"A=1\rB=2\r",
		"A='two\r\nlines'\r\nB=1",
		"A=\nB=",
		"# c\\\r\nA=1\r\n",
		"# c\\\\\nA=1",
		"# c\\\n\nA=1",
		"; c\nA=1 # no comment",
		"A=a \\\nb",
		"A=a \\\n\nB=1",
		"A=\\\n 'x'",
		"A=x\\",
		"A='one' 'two'\"three\" four ",
		"A=\"say \\\"hi\\\" for \\$5 \\`now\\` \\\\ \\n\"",
		"A=\"joined \\\nline\"",
		"A=it's \"so\"",
		"A=\f1\v",
		"A=\xc3\xa4",
		"A=$HOME ${HOME} %h",
	};

	find_systemd();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		cr_assert(is_read_alike(cases[i], strlen(cases[i])), "%s", cases[i]);
}

Test(systemd, random_files_too)
{
	static const char *const parts[] = {
		"A=", "\nB=", "\nC = ", "\n", "\r\n", "\r",   " ",	  "\t",
		"\\", "\\\n", "'",	"''", "\"",   "\"\"", "#",	  "\n# c",
		";",  "x",    "y",	"$",  "n",    "[",    "\xc3\xa4",
	};
	unsigned seed = 1, silent = 0;

	find_systemd();
	for (unsigned i = 0; i < RANDOM_FILES; i++) {
		char memory[64];
		struct text content = TEXT_OVER(memory);

		for (int left = 1 + rand_r(&seed) % 12; left > 0; left--)
			text_add(&content, parts[(size_t)rand_r(&seed) % ARRAY_LENGTH(parts)]);
		silent += content.len > 0 && is_read_alike(memory, content.len);
	}
	cr_assert_gt(silent, RANDOM_FILES / 10);
}
