#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "events/gzip.h"

#define LINES 5000

struct read_lines {
	unsigned count;
	unsigned most; /* 0: all */
	bool are_right;
};

static void
write_line(char line[64], unsigned i)
{
	snprintf(line, 64, "{\"line\":%u,\"x\":\"%08x\"}", i, i * 2654435761u);
}

static bool
take_line(void *arg, const char *line, size_t len)
{
	struct read_lines *lines = arg;
	char expected[64];

	write_line(expected, lines->count);
	lines->are_right =
		lines->are_right && len == strlen(expected) && memcmp(line, expected, len) == 0;
	return ++lines->count != lines->most;
}

static struct read_lines
read_file(int fd, bool is_packed, size_t piece)
{
	struct read_lines read_lines = {.are_right = true};
	struct gzip_lines *lines = gzip_lines_new(is_packed, take_line, &read_lines);
	char memory[128];
	struct text problem = TEXT_OVER(memory);
	char *bytes = xcalloc(1, piece);
	ssize_t got;
	off_t at = 0;

	while ((got = pread(fd, bytes, piece, at)) > 0) {
		cr_assert(gzip_lines_add(lines, bytes, (size_t)got, &problem), "%s", memory);
		at += got;
	}
	gzip_lines_free(lines);
	free(bytes);
	return read_lines;
}

/* Write LINES lines as members of PER_MEMBER lines. Set *LAST to the begin of the last member. */
static int
make_members(unsigned per_member, uint64_t *last)
{
	struct gzip_member *member = gzip_member_new();
	int fd = memfd_create("members", 0);
	const void *packed;
	uint64_t at = 0;
	size_t len;

	for (unsigned i = 0; i < LINES; i++) {
		char line[64];

		write_line(line, i);
		gzip_member_add(member, line, strlen(line));
		gzip_member_add(member, "\n", 1);
		if ((i + 1) % per_member == 0) {
			packed = gzip_member_end(member, &len);
			cr_assert_gt(len, 0);
			cr_assert_eq(write(fd, packed, len), (ssize_t)len);
			*last = at;
			at += len;
		}
	}
	(void)gzip_member_end(member, &len);
	cr_assert_eq(len, 0);
	gzip_member_free(member);
	return fd;
}

Test(gzip, lines_of_many_members_are_read_back)
{
	uint64_t last;
	int fd = make_members(10, &last);

	for (size_t piece = 1; piece <= 65536; piece *= 16) {
		struct read_lines lines = read_file(fd, true, piece);

		cr_expect_eq(lines.count, LINES);
		cr_expect(lines.are_right);
	}
	close(fd);
}

Test(gzip, the_end_of_the_last_whole_member_is_found_wherever_the_file_ends)
{
	uint64_t last, whole;
	int fd = make_members(500, &last);
	off_t size = lseek(fd, 0, SEEK_END);
	char memory[128];
	struct text problem = TEXT_OVER(memory);

	cr_assert(gzip_whole_len(fd, &whole, &problem));
	cr_assert_eq(whole, (uint64_t)size);
	for (off_t cut = size - 1; cut > (off_t)last; cut -= 37) {
		cr_assert_eq(ftruncate(fd, cut), 0);
		cr_assert(gzip_whole_len(fd, &whole, &problem));
		cr_assert_eq(whole, last);
	}
	cr_assert_eq(ftruncate(fd, 5), 0);
	cr_assert(gzip_whole_len(fd, &whole, &problem));
	cr_assert_eq(whole, 0);
	close(fd);
}

Test(gzip, zeros_after_a_member_are_no_member)
{
	uint64_t last, whole;
	int fd = make_members(500, &last);
	off_t size = lseek(fd, 0, SEEK_END);
	char memory[128];
	struct text problem = TEXT_OVER(memory);

	cr_assert_eq(ftruncate(fd, size + 100000), 0);
	cr_assert(gzip_whole_len(fd, &whole, &problem));
	cr_assert_eq(whole, (uint64_t)size);
	close(fd);
}

static int
make_plain(const char *end)
{
	int fd = memfd_create("plain", 0);

	for (unsigned i = 0; i < LINES; i++) {
		char line[64];

		write_line(line, i);
		dprintf(fd, "%s\n", line);
	}
	dprintf(fd, "%s", end);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

Test(gzip, a_journal_is_packed_up_to_its_last_whole_line)
{
	int from = make_plain("{\"line\":5000,\"x"), to = memfd_create("packed", 0);
	char memory[128];
	struct text problem = TEXT_OVER(memory);
	struct read_lines lines;

	cr_assert(gzip_pack(from, to, &problem), "%s", memory);
	lines = read_file(to, true, 4096);
	cr_assert_eq(lines.count, LINES);
	cr_assert(lines.are_right);
	close(from);
	close(to);
}

Test(gzip, a_failure_to_write_is_told)
{
	int from = make_plain(""), to = open("/dev/full", O_WRONLY);
	char memory[128];
	struct text problem = TEXT_OVER(memory);

	cr_assert(!gzip_pack(from, to, &problem));
	cr_assert_str_eq(memory, "No space left on device");
	close(from);
	close(to);
}

Test(gzip, plain_lines_are_read_too)
{
	int fd = make_plain("torn");
	struct read_lines lines = read_file(fd, false, 1000);

	cr_assert_eq(lines.count, LINES);
	cr_assert(lines.are_right);
	close(fd);
}

Test(gzip, bytes_that_are_not_gzip_are_refused)
{
	struct read_lines read_lines = {.are_right = true};
	struct gzip_lines *lines = gzip_lines_new(true, take_line, &read_lines);
	char memory[128];
	struct text problem = TEXT_OVER(memory);

	cr_assert(!gzip_lines_add(lines, "no gzip at all", 14, &problem));
	cr_assert_gt(problem.len, 0);
	gzip_lines_free(lines);
}
