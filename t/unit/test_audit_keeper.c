#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "events/audit_keeper.h"
#include "events/gzip.h"
#include "events/spool.h"
#include "folder_kit.h"

#define HOUR	  473419
#define MOST_PUTS 16
#define WAIT_MS	  60000

static const struct audit_maker maker = {.node = 1};

/* A bucket in memory. It fails a number of times first. */
struct bucket {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned failures;
	enum upload_failure failure;
	unsigned puts;
	unsigned attempts;
	char keys[MOST_PUTS][256];
	char bytes[MOST_PUTS][4096];
	size_t lens[MOST_PUTS];
};

static struct bucket bucket;

static bool
bucket_put(void *self, const char *key, int fd, uint64_t len, enum upload_failure *failure,
	   struct text *reason)
{
	bool is_put;

	(void)self;
	pthread_mutex_lock(&bucket.mutex);
	bucket.attempts++;
	is_put = bucket.failures == 0;
	if (is_put) {
		cr_assert_lt(bucket.puts, MOST_PUTS);
		snprintf(bucket.keys[bucket.puts], sizeof(bucket.keys[0]), "%s", key);
		cr_assert_eq(pread(fd, bucket.bytes[bucket.puts], sizeof(bucket.bytes[0]), 0),
			     (ssize_t)len);
		bucket.lens[bucket.puts++] = len;
	} else {
		bucket.failures--;
		*failure = bucket.failure;
		text_add(reason, "planted");
	}
	pthread_cond_signal(&bucket.changed);
	pthread_mutex_unlock(&bucket.mutex);
	return is_put;
}

static void
bucket_stop(void *self)
{
	(void)self;
}

static const struct audit_bucket a_bucket = {bucket_put, bucket_stop, NULL};

static void
begin(void)
{
	folder_begin();
	pthread_mutex_init(&bucket.mutex, NULL);
	clock_cond_init(&bucket.changed);
}

TestSuite(audit_keeper, .init = begin, .fini = folder_end);

static struct spool *
open_spool(void)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct spool *spool = spool_open(folder, 1 << 20, &problem);

	cr_assert_not_null(spool, "%s", memory);
	return spool;
}

static void
add_file(struct spool *spool, enum audit_kind kind, const char *bytes, size_t len)
{
	struct audit_name name = spool_next_name(spool, &maker, HOUR);
	int fd = spool_open_file(spool, &name, kind, O_WRONLY | O_CREAT);

	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	spool_add(spool, len);
}

static size_t
count_all(struct spool *spool)
{
	size_t count, sum = 0;

	for (enum audit_kind kind = 0; kind < AUDIT_KINDS; kind++) {
		free(spool_list(spool, kind, &count));
		sum += count;
	}
	return sum;
}

static void
wait_for_puts(unsigned puts)
{
	struct timespec deadline = clock_moment(clock_ms() + WAIT_MS);

	pthread_mutex_lock(&bucket.mutex);
	while (bucket.puts < puts)
		cr_assert_eq(pthread_cond_timedwait(&bucket.changed, &bucket.mutex, &deadline), 0);
	pthread_mutex_unlock(&bucket.mutex);
}

static bool
check_line(void *arg, const char *line, size_t len)
{
	unsigned *count = arg;
	char expected[16];

	snprintf(expected, sizeof(expected), "line %u", ++*count);
	cr_assert(len == strlen(expected) && memcmp(line, expected, len) == 0, "%.*s", (int)len,
		  line);
	return true;
}

static unsigned
unpack(unsigned put)
{
	unsigned count = 0;
	struct gzip_lines *lines = gzip_lines_new(true, check_line, &count);
	char memory[128];
	struct text problem = TEXT_OVER(memory);

	cr_assert(gzip_lines_add(lines, bucket.bytes[put], bucket.lens[put], &problem), "%s",
		  memory);
	gzip_lines_free(lines);
	return count;
}

Test(audit_keeper, files_go_to_their_keys_and_leave_the_spool)
{
	static const char lines[] = "line 1\nline 2\n";
	struct spool *spool = open_spool();
	struct audit_keeper *keeper = audit_keeper_new(spool, &a_bucket);

	add_file(spool, AUDIT_LINES, lines, strlen(lines));
	cr_assert(audit_keeper_start(keeper));
	wait_for_puts(1);
	cr_assert_eq(
		strncmp(bucket.keys[0], "year=2024/month=01/day=03/hour=19/node1_20240103_19_", 50),
		0, "%s", bucket.keys[0]);
	cr_assert_eq(unpack(0), 2);

	add_file(spool, AUDIT_LINES, lines, strlen(lines));
	audit_keeper_stop(keeper, clock_ms() + WAIT_MS);
	cr_assert_eq(bucket.puts, 2, "the last file goes during the stop");
	cr_assert_str_neq(bucket.keys[0], bucket.keys[1]);
	cr_assert_eq(count_all(spool), 0);
	cr_assert_eq(spool_bytes(spool), 0);
	audit_keeper_free(keeper);
	spool_close(spool);
}

/* The server was killed in the middle of a member, and in the middle of a line. */
Test(audit_keeper, the_files_of_a_killed_server_are_repaired)
{
	struct spool *spool = open_spool();
	struct gzip_member *member = gzip_member_new();
	struct audit_keeper *keeper;
	const char *packed;
	char part[256];
	size_t first_len, len;

	gzip_member_add(member, "line 1\nline 2\n", 14);
	packed = gzip_member_end(member, &first_len);
	memcpy(part, packed, first_len);
	gzip_member_add(member, "line 3\n", 7);
	packed = gzip_member_end(member, &len);
	memcpy(part + first_len, packed, len - 3);
	add_file(spool, AUDIT_PART, part, first_len + len - 3);
	add_file(spool, AUDIT_PART, part, 7); /* no whole member */
	add_file(spool, AUDIT_JOURNAL, "line 1\nline 2\nli", 16);
	spool_close(spool);

	spool = open_spool();
	keeper = audit_keeper_new(spool, &a_bucket);
	cr_assert(audit_keeper_start(keeper));
	wait_for_puts(2);
	cr_assert_eq(unpack(0), 2);
	cr_assert_eq(unpack(1), 2);
	audit_keeper_stop(keeper, clock_ms() + WAIT_MS);
	cr_assert_eq(bucket.puts, 2);
	cr_assert_eq(count_all(spool), 0);
	cr_assert_eq(spool_bytes(spool), 0);
	audit_keeper_free(keeper);
	gzip_member_free(member);
	spool_close(spool);
}

/* It was killed after it packed the lines, and before it removed them. */
Test(audit_keeper, lines_that_are_packed_already_are_put_once)
{
	struct spool *spool = open_spool();
	struct gzip_member *member = gzip_member_new();
	struct audit_name name = spool_next_name(spool, &maker, HOUR);
	struct audit_keeper *keeper;
	const void *packed;
	size_t len;
	int fd;

	gzip_member_add(member, "line 1\n", 7);
	packed = gzip_member_end(member, &len);
	fd = spool_open_file(spool, &name, AUDIT_FINISHED, O_WRONLY | O_CREAT);
	cr_assert_eq(write(fd, packed, len), (ssize_t)len);
	close(fd);
	fd = spool_open_file(spool, &name, AUDIT_LINES, O_WRONLY | O_CREAT);
	cr_assert_eq(write(fd, "line 1\n", 7), 7);
	close(fd);
	spool_close(spool);

	spool = open_spool();
	keeper = audit_keeper_new(spool, &a_bucket);
	cr_assert(audit_keeper_start(keeper));
	wait_for_puts(1);
	audit_keeper_stop(keeper, clock_ms() + WAIT_MS);
	cr_assert_eq(bucket.puts, 1);
	cr_assert_eq(count_all(spool), 0);
	audit_keeper_free(keeper);
	gzip_member_free(member);
	spool_close(spool);
}

Test(audit_keeper, a_put_that_failed_is_repeated)
{
	struct spool *spool = open_spool();
	struct audit_keeper *keeper = audit_keeper_new(spool, &a_bucket);
	char memory[512];
	struct text problem = TEXT_OVER(memory);

	bucket.failures = 1;
	bucket.failure = UPLOAD_FAILURE_BUSY;
	add_file(spool, AUDIT_LINES, "line 1\n", 7);
	cr_assert(audit_keeper_start(keeper));
	wait_for_puts(1);
	cr_assert_eq(bucket.attempts, 2);
	audit_keeper_stop(keeper, clock_ms() + WAIT_MS);
	cr_assert(audit_keeper_works(keeper, &problem));
	audit_keeper_free(keeper);
	spool_close(spool);
}

Test(audit_keeper, a_bucket_that_refuses_is_named_and_the_file_stays)
{
	struct spool *spool = open_spool();
	struct audit_keeper *keeper = audit_keeper_new(spool, &a_bucket);
	char memory[512];
	struct text problem = TEXT_OVER(memory);

	bucket.failures = 1000;
	bucket.failure = UPLOAD_FAILURE_CREDENTIALS;
	add_file(spool, AUDIT_LINES, "line 1\n", 7);
	cr_assert(audit_keeper_start(keeper));
	audit_keeper_stop(keeper, clock_ms() + WAIT_MS);
	cr_assert(!audit_keeper_works(keeper, &problem));
	cr_assert_not_null(strstr(memory, "TICKR_AUDIT_S3_SECRET_KEY"), "%s", memory);
	cr_assert_eq(count_all(spool), 1);
	audit_keeper_free(keeper);
	spool_close(spool);
}

Test(audit_keeper, without_a_bucket_finished_files_stay)
{
	struct spool *spool = open_spool();
	struct audit_keeper *keeper = audit_keeper_new(spool, NULL);
	size_t count;

	add_file(spool, AUDIT_LINES, "line 1\n", 7);
	cr_assert(audit_keeper_start(keeper));
	audit_keeper_stop(keeper, clock_ms() + WAIT_MS);
	free(spool_list(spool, AUDIT_FINISHED, &count));
	cr_assert_eq(count, 1);
	cr_assert_eq(count_all(spool), 1);
	audit_keeper_free(keeper);
	spool_close(spool);
}
