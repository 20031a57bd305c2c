#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sequence_file.h"

#define PROBLEM_SIZE 512

/* A file while it is read. */
struct reader {
	const char *path;
	const struct sequence_request *common;
	struct sequence_line *lines;
	size_t count, room;
};

static void
sequence_file_blame(const struct reader *reader, struct sequence_line *line, const char *words)
{
	fprintf(stderr, "tickrd: %s, line %zu: %s\n", reader->path, line->number, words);
	line->is_bad = true;
}

static bool
sequence_file_read_option(struct sequence_request *request, char *option, struct text *problem)
{
	char *value = strchr(option, '=');

	if (value != NULL) {
		*value++ = '\0';
		return sequence_request_set(request, option, value, problem);
	}
	text_add_quoted(problem, option, 64);
	text_add(problem, " must be option=value, and tabs part the options");
	return false;
}

/* Parse the LEN bytes at TEXT, which a NUL ends, into LINE. */
static void
sequence_file_read_line(const struct reader *reader, char *text, size_t len,
			struct sequence_line *line)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	struct sequence_request *request = &line->request;
	struct sequence_wish common = request->wish;
	size_t name_len = strcspn(text, "\t");
	char *options = text + name_len + (text[name_len] == '\t'), *option;
	bool is_good = strlen(text) == len;

	if (!is_good)
		text_add(&problem, "the line has a NUL byte");
	else
		is_good = sequence_request_set_name(request, text, name_len, &problem);
	request->wish = (struct sequence_wish){.has_first = false};
	while (is_good && (option = strsep(&options, "\t")) != NULL)
		if (option[0] != '\0')
			is_good = sequence_file_read_option(request, option, &problem);
	sequence_wish_complete(&request->wish, &common);
	if (!is_good)
		sequence_file_blame(reader, line, memory);
}

static int
sequence_file_compare(const void *a, const void *b)
{
	const struct sequence_line *one = a, *other = b;
	int order = strcmp(one->request.name, other->request.name);

	return order != 0 ? order : (one->number > other->number) - (one->number < other->number);
}

static int
sequence_file_compare_numbers(const void *a, const void *b)
{
	const struct sequence_line *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

/* A name that stands in the file twice is a mistake, also with the same options. */
static void
sequence_file_find_twins(struct reader *reader)
{
	char words[64];

	if (reader->count < 2)
		return;
	qsort(reader->lines, reader->count, sizeof(*reader->lines), sequence_file_compare);
	for (size_t i = 1; i < reader->count; i++) {
		const struct sequence_line *before = &reader->lines[i - 1];
		struct sequence_line *line = &reader->lines[i];

		if (line->request.name_len == 0 ||
		    strcmp(before->request.name, line->request.name) != 0)
			continue;
		snprintf(words, sizeof(words), "line %zu has the same name: remove one",
			 before->number);
		sequence_file_blame(reader, line, words);
	}
	qsort(reader->lines, reader->count, sizeof(*reader->lines), sequence_file_compare_numbers);
}

static void
sequence_file_read_all(struct reader *reader, FILE *file)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t got;

	for (size_t number = 1; (got = getline(&text, &size, file)) >= 0; number++) {
		size_t len = (size_t)got;
		struct sequence_line *line;

		if (len > 0 && text[len - 1] == '\n')
			text[--len] = '\0';
		if (len > 0 && text[len - 1] == '\r')
			text[--len] = '\0';
		if (len == 0 || text[0] == '#')
			continue;
		if (reader->count == reader->room) {
			reader->room = 2 * reader->room + 16;
			reader->lines =
				xrealloc(reader->lines, reader->room * sizeof(*reader->lines));
		}
		line = &reader->lines[reader->count++];
		*line = (struct sequence_line){.number = number, .request = *reader->common};
		sequence_file_read_line(reader, text, len, line);
	}
	free(text);
}

bool
sequence_file_read(const char *path, const struct sequence_request *common,
		   struct sequence_line **lines, size_t *count)
{
	struct reader reader = {.path = path, .common = common};
	FILE *file = fopen(path, "re");
	bool is_read = file != NULL;

	if (file != NULL) {
		sequence_file_read_all(&reader, file);
		is_read = ferror(file) == 0;
	}
	if (!is_read)
		fprintf(stderr, "tickrd: %s cannot be read: %s\n", path, strerror(errno));
	else if (reader.count == 0)
		fprintf(stderr, "tickrd: %s names no sequence\n", path);
	if (file != NULL)
		fclose(file);
	sequence_file_find_twins(&reader);
	*lines = reader.lines;
	*count = reader.count;
	return is_read && reader.count > 0;
}
