#include <assert.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "state/state_file.h"

static const struct ticket_space space = {10, 3, 326};
static const char good[] = "tickr state 1\n"
			   "space 10 3 326\n"
			   "step 2\n"
			   "class 0 given 0 ahead 40\n"
			   "class 1 given 18446744073709551613 ahead 18446744073709551615\n"
			   "checksum ae5dfe151246d914\n";

static char folder[] = "/tmp/tickr-test-state-XXXXXX";
static char path[PATH_MAX];
static char memory[1024];
static struct text problem;
static struct record record;

static void
begin(void)
{
	problem = TEXT_OVER(memory);
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/node-3.state", folder);
}

static void
end(void)
{
	static const char *const names[] = {"state", "lock", "new"};

	record_free(&record);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/node-3.%s", folder, names[i]);
		unlink(path);
	}
	assert(rmdir(folder) == 0); /* no other file is left */
}

TestSuite(state, .init = begin, .fini = end);

static void
write_file(const char *bytes, size_t len)
{
	FILE *file = fopen(path, "we");

	cr_assert(file);
	cr_assert_eq(fwrite(bytes, 1, len, file), len);
	cr_assert_eq(fclose(file), 0);
}

/* --- the record -------------------------------------------------------------------------------- */

Test(state, a_record_has_one_text)
{
	static char again[RECORD_SIZE];
	struct text text = TEXT_OVER(again);

	cr_assert(record_read(&record, good, strlen(good), &problem), "%s", memory);
	cr_assert(space_equals(&record.space, &space));
	cr_assert_eq(record.given.step, 2);
	cr_assert_eq(record.given.highest[0], 0);
	cr_assert_eq(record.ahead.highest[0], 40);
	cr_assert_eq(record.given.highest[1], UINT64_MAX - 2);
	cr_assert_eq(record.ahead.highest[1], UINT64_MAX);
	record_write(&record, &text);
	cr_assert_str_eq(again, good);
}

Test(state, an_empty_record_can_be_read_again)
{
	struct record empty = {.space = space};
	struct text text;
	static char bytes[RECORD_SIZE];

	text = TEXT_OVER(bytes);
	record_write(&empty, &text);
	cr_assert(record_read(&record, bytes, text.len, &problem), "%s", memory);
	cr_assert_eq(record.given.step, 0);
}

Test(state, the_largest_record_has_room)
{
	struct record large = {.space = {SPACE_MOST_NODES, SPACE_MOST_NODES - 1, INT64_MAX}};
	static char bytes[RECORD_SIZE];
	struct text text = TEXT_OVER(bytes);

	classes_widen(&large.given, CLASSES_MOST);
	classes_widen(&large.ahead, CLASSES_MOST);
	memset(large.given.highest, 0xff, CLASSES_MOST * sizeof(uint64_t));
	memset(large.ahead.highest, 0xff, CLASSES_MOST * sizeof(uint64_t));
	record_write(&large, &text);
	cr_assert_not(text.is_truncated);
	cr_assert(record_read(&record, bytes, text.len, &problem), "%s", memory);
	record_free(&large);
}

Test(state, a_record_that_is_cut_at_any_byte_is_damaged)
{
	for (size_t len = 0; len < strlen(good); len++) {
		text_clear(&problem);
		cr_assert_not(record_read(&record, good, len, &problem), "%zu bytes", len);
		cr_assert_not_null(strstr(memory, "damaged"));
	}
}

Test(state, a_record_with_any_byte_changed_is_damaged)
{
	char bytes[sizeof(good)];

	for (size_t i = 0; i < strlen(good); i++)
		for (unsigned byte = 0; byte < 256; byte++) {
			memcpy(bytes, good, sizeof(good));
			if (bytes[i] == (char)byte)
				continue;
			bytes[i] = (char)byte;
			text_clear(&problem);
			cr_assert_not(record_read(&record, bytes, strlen(good), &problem),
				      "byte %zu is %u", i, byte);
			cr_assert_not_null(strstr(memory, "damaged"));
			cr_assert_null(record.given.highest);
		}
}

Test(state, a_record_with_more_bytes_after_it_is_damaged)
{
	static const char *const more[] = {"\n", " ", "x", "class 0 given 0 ahead 50\n"};

	for (size_t i = 0; i < ARRAY_LENGTH(more); i++) {
		char bytes[512];

		snprintf(bytes, sizeof(bytes), "%s%s", good, more[i]);
		cr_assert_not(record_read(&record, bytes, strlen(bytes), &problem));
	}
}

Test(state, a_newer_version_is_refused_by_its_number)
{
	static const char newer[] = "tickr state 4\nlines of the future\n";

	cr_assert_not(record_read(&record, newer, strlen(newer), &problem));
	cr_assert_str_eq(memory,
			 "it is of version 4, and this tickrd knows 3: a newer tickrd wrote "
			 "it, or it is damaged");
}

/* --- an identity and a refusal, which make it version 2 ------------------------------------------- */

static const char identity[] = "0123456789abcdef0123456789abcdef";

static void
make_refused(struct record *refused)
{
	refused->space = space;
	snprintf(refused->identity, sizeof(refused->identity), "%s", identity);
	classes_set(&refused->given, 2, 0, 40);
	classes_set(&refused->ahead, 2, 0, 50);
	classes_set(&refused->latches, 2, 0, 7);
}

Test(state, an_identity_and_a_refusal_are_read_as_they_were_written)
{
	struct record refused = {0};
	char bytes[512];
	struct text text = TEXT_OVER(bytes);

	make_refused(&refused);
	record_write(&refused, &text);
	cr_assert_not_null(strstr(bytes, "tickr state 2\n"));
	cr_assert(record_read(&record, bytes, text.len, &problem), "%s", memory);
	cr_assert_str_eq(record.identity, identity);
	cr_assert_eq(classes_top_of(&record.latches, 2, 0), 7);
	cr_assert_eq(classes_top_of(&record.latches, 2, 1), 0);
	record_free(&refused);
}

Test(state, an_identity_or_refusal_with_any_byte_changed_is_damaged)
{
	struct record refused = {0};
	char bytes[512], changed[512];
	struct text text = TEXT_OVER(bytes);

	make_refused(&refused);
	record_write(&refused, &text);
	for (size_t i = strlen("tickr state 2"); i < text.len; i++) {
		memcpy(changed, bytes, sizeof(bytes));
		changed[i] ^= 1;
		cr_assert_not(record_read(&record, changed, text.len, &problem), "byte %zu", i);
		cr_assert_null(record.latches.highest);
	}
	record_free(&refused);
}

/* --- an instance, which makes it version 3 --------------------------------------------------------- */

Test(state, an_instance_is_read_as_it_was_written)
{
	struct record counted = {0}, copy = {0};
	char bytes[512];
	struct text text = TEXT_OVER(bytes);

	make_refused(&counted);
	snprintf(counted.instance, sizeof(counted.instance), "%s", identity);
	counted.count = 8;
	counted.count_ahead = UINT64_MAX;
	record_copy(&copy, &counted);
	record_write(&copy, &text);
	cr_assert_not_null(strstr(bytes, "tickr state 3\n"));
	cr_assert(record_read(&record, bytes, text.len, &problem), "%s", memory);
	cr_assert_str_eq(record.instance, identity);
	cr_assert_eq(record.count, 8);
	cr_assert_eq(record.count_ahead, UINT64_MAX);
	record_free(&copy);
	record_free(&counted);
}

Test(state, an_instance_with_any_byte_changed_is_damaged)
{
	struct record counted = {.space = space, .count = 70, .count_ahead = 80};
	char bytes[512], changed[512];
	struct text text = TEXT_OVER(bytes);

	snprintf(counted.instance, sizeof(counted.instance), "%s", identity);
	record_write(&counted, &text);
	for (size_t i = 0; i < text.len; i++) {
		memcpy(changed, bytes, sizeof(bytes));
		changed[i] ^= 1;
		cr_assert_not(record_read(&record, changed, text.len, &problem), "byte %zu", i);
		cr_assert_eq(record.count_ahead, 0);
	}
}

/* --- the file ---------------------------------------------------------------------------------- */

Test(state, a_missing_file_is_an_empty_record)
{
	struct state_file *file = state_file_open(folder, &space, &problem);

	cr_assert(file, "%s", memory);
	cr_assert_eq(state_file_record(file)->given.step, 0);
	cr_assert(space_equals(&state_file_record(file)->space, &space));
	state_file_close(file);
}

Test(state, a_saved_record_is_read_at_the_next_opening)
{
	struct state_file *file = state_file_open(folder, &space, &problem);
	struct record looked = {0};

	cr_assert(file, "%s", memory);
	cr_assert(record_read(&record, good, strlen(good), &problem));
	cr_assert(state_file_save(file, &record, &problem), "%s", memory);
	cr_assert(state_file_look(folder, &space, &looked, &problem), "while it is open");
	cr_assert_eq(looked.ahead.highest[0], 40);
	record_free(&looked);
	record.ahead.highest[0] = 41;
	cr_assert(state_file_save(file, &record, &problem), "%s", memory);
	state_file_close(file);
	file = state_file_open(folder, &space, &problem);
	cr_assert(file, "%s", memory);
	cr_assert_eq(state_file_record(file)->ahead.highest[0], 41);
	state_file_close(file);
}

Test(state, an_interrupted_save_changes_nothing)
{
	struct state_file *file;
	char half[PATH_MAX];
	FILE *stream;

	write_file(good, strlen(good));
	snprintf(half, sizeof(half), "%s/node-3.new", folder);
	stream = fopen(half, "we");
	cr_assert(stream);
	fputs("tickr state 1\nspa", stream);
	fclose(stream);
	file = state_file_open(folder, &space, &problem);
	cr_assert(file, "%s", memory);
	cr_assert_eq(state_file_record(file)->ahead.highest[0], 40);
	cr_assert(state_file_save(file, state_file_record(file), &problem), "%s", memory);
	state_file_close(file);
}

Test(state, a_second_server_is_refused)
{
	struct state_file *file = state_file_open(folder, &space, &problem);

	cr_assert(file, "%s", memory);
	cr_assert_null(state_file_open(folder, &space, &problem));
	cr_assert_not_null(strstr(memory, "another tickrd keeps the state of node 3 in "));
	cr_assert_not_null(strstr(memory, "give each server a folder of its own"));
	state_file_close(file);
	file = state_file_open(folder, &space, &problem);
	cr_assert(file, "closing releases the lock");
	state_file_close(file);
}

Test(state, another_node_has_a_file_of_its_own)
{
	const struct ticket_space other = {10, 4, 326};
	struct state_file *file = state_file_open(folder, &space, &problem);
	struct state_file *second = state_file_open(folder, &other, &problem);

	cr_assert(file != NULL && second != NULL, "%s", memory);
	state_file_close(second);
	state_file_close(file);
	snprintf(path, sizeof(path), "%s/node-4.lock", folder);
	cr_assert_eq(unlink(path), 0);
}

Test(state, the_named_sequences_have_a_file_of_their_own)
{
	struct state_file *file = state_file_open(folder, &space, &problem);
	struct state_file *other = state_file_open_sequences(folder, &space, &problem);
	struct record next = {.space = space, .count = 5, .count_ahead = 9};

	cr_assert(file != NULL && other != NULL, "%s", memory);
	snprintf(next.instance, sizeof(next.instance), "%s", identity);
	cr_assert(state_file_save(other, &next, &problem), "%s", memory);
	cr_assert(state_file_look(folder, &space, &record, &problem), "%s", memory);
	cr_assert_str_eq(record.instance, "");
	cr_assert(state_file_look_sequences(folder, &space, &record, &problem), "%s", memory);
	cr_assert_str_eq(record.instance, identity);
	cr_assert_eq(record.count, 5);
	cr_assert_null(state_file_open_sequences(folder, &space, &problem));
	state_file_close(other);
	state_file_close(file);
	snprintf(path, sizeof(path), "%s/sequences-3.state", folder);
	write_file("torn", 4);
	text_clear(&problem);
	cr_assert_null(state_file_open_sequences(folder, &space, &problem));
	cr_assert_not_null(strstr(memory, "/sequences-3.state cannot be used: "));
	cr_assert_not_null(strstr(memory, "run tickrd advance --sequences --by NUMBER"));
	cr_assert_eq(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/sequences-3.lock", folder);
	cr_assert_eq(unlink(path), 0);
}

Test(state, a_file_of_another_space_is_refused)
{
	const struct ticket_space other = {100, 3, 326};

	write_file(good, strlen(good));
	cr_assert_null(state_file_open(folder, &other, &problem));
	cr_assert_not_null(strstr(memory, "it is for TICKR_MAX_NODES=10 TICKR_NODE_NUMBER=3 "
					  "TICKR_STARTING_OFFSET=326"));
	cr_assert_not_null(strstr(memory, "set to 100, 3 and 326"));
}

Test(state, a_damaged_file_is_refused_and_says_what_to_do)
{
	write_file(good, 50);
	cr_assert_null(state_file_open(folder, &space, &problem));
	cr_assert_not_null(strstr(memory, "/node-3.state cannot be used: it is torn"));
	cr_assert_not_null(strstr(memory, "tickrd advance, remove the file, and start again"));
	text_clear(&problem);
	write_file("", 0);
	cr_assert_null(state_file_open(folder, &space, &problem), "an empty file");
}

Test(state, a_file_that_is_too_large_is_refused)
{
	static char bytes[2 * RECORD_SIZE];

	memset(bytes, '\n', sizeof(bytes));
	memcpy(bytes, good, strlen(good));
	write_file(bytes, sizeof(bytes));
	cr_assert_null(state_file_open(folder, &space, &problem));
}

Test(state, a_missing_folder_is_refused)
{
	cr_assert_null(state_file_open("/nonexistent", &space, &problem));
	cr_assert_str_eq(memory, "the state folder /nonexistent cannot be used: No such file or "
				 "directory (TICKR_STATE_DIR)");
}

Test(state, a_save_succeeds_when_no_descriptor_is_left)
{
	struct state_file *file = state_file_open(folder, &space, &problem);
	struct rlimit limit = {64, 64};

	cr_assert(file, "%s", memory);
	cr_assert(record_read(&record, good, strlen(good), &problem));
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (dup(0) >= 0)
		;
	cr_assert_eq(errno, EMFILE);
	for (unsigned i = 0; i < 10; i++) {
		record.ahead.highest[0]++;
		cr_assert(state_file_save(file, &record, &problem), "%s", memory);
	}
	cr_assert_lt(dup(0), 0, "the descriptor is kept for the next save");
	state_file_close(file);
}

Test(state, a_failed_save_returns_its_reason_and_the_next_may_succeed)
{
	struct state_file *file = state_file_open(folder, &space, &problem);
	char in_the_way[PATH_MAX];

	snprintf(in_the_way, sizeof(in_the_way), "%s/node-3.new", folder);
	cr_assert(file && mkdir(in_the_way, 0700) == 0);
	cr_assert_not(state_file_save(file, state_file_record(file), &problem));
	cr_assert_not_null(strstr(memory, "/node-3.state cannot be written: Is a directory"));
	cr_assert_eq(rmdir(in_the_way), 0);
	cr_assert(state_file_save(file, state_file_record(file), &problem));
	state_file_close(file);
}
