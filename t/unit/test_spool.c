#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attributes.h"
#include "events/audit_file.h"
#include "events/spool.h"
#include "folder_kit.h"

#define HOUR 473419

static const struct audit_maker maker = {.node = 4};

static char reason[512];

TestSuite(spool, .init = folder_begin, .fini = folder_end);

static struct spool *
open_spool(uint64_t most)
{
	struct text problem = TEXT_OVER(reason);

	return spool_open(folder, most, &problem);
}

static size_t
count_files(struct spool *spool, enum audit_kind kind)
{
	size_t count;
	struct audit_name *names = spool_list(spool, kind, &count);

	cr_assert_not_null(names);
	free(names);
	return count;
}

static struct audit_file *
make_file(struct spool *spool, enum audit_kind kind, const char *content)
{
	struct audit_file *file = audit_file_new(spool, kind, &maker, HOUR);

	cr_assert_not_null(file, "%s", strerror(errno));
	cr_assert(audit_file_append(file, content, strlen(content)));
	return file;
}

/* As a server that is killed. */
static void
leave_file(struct spool *spool, enum audit_kind kind, const char *content)
{
	struct audit_name name = spool_next_name(spool, &maker, HOUR);
	int fd = spool_open_file(spool, &name, kind, O_WRONLY | O_CREAT);

	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

Test(spool, a_second_server_is_refused)
{
	struct spool *first = open_spool(1000);

	cr_assert_not_null(first);
	cr_assert_null(open_spool(1000));
	cr_assert_not_null(strstr(reason, "another tickrd writes its audit in"));
	spool_close(first);
	first = open_spool(1000);
	cr_assert_not_null(first);
	spool_close(first);
}

Test(spool, a_folder_that_is_missing_is_named)
{
	folder_end();
	cr_assert_null(open_spool(1000));
	cr_assert_not_null(strstr(reason, "No such file or directory (TICKR_AUDIT_DIR)"));
}

Test(spool, a_part_is_finished_and_a_journal_becomes_lines)
{
	struct spool *spool = open_spool(1000);

	cr_assert(audit_file_end(make_file(spool, AUDIT_PART, "member")));
	cr_assert(audit_file_end(make_file(spool, AUDIT_JOURNAL, "line\n")));
	cr_assert_eq(count_files(spool, AUDIT_PART), 0);
	cr_assert_eq(count_files(spool, AUDIT_JOURNAL), 0);
	cr_assert_eq(count_files(spool, AUDIT_FINISHED), 1);
	cr_assert_eq(count_files(spool, AUDIT_LINES), 1);
	cr_assert_eq(spool_bytes(spool), strlen("member") + strlen("line\n"));
	spool_close(spool);
}

Test(spool, a_file_without_records_is_removed)
{
	struct spool *spool = open_spool(1000);

	cr_assert(audit_file_end(audit_file_new(spool, AUDIT_PART, &maker, HOUR)));
	for (enum audit_kind kind = 0; kind < AUDIT_KINDS; kind++)
		cr_assert_eq(count_files(spool, kind), 0);
	spool_close(spool);
}

/* The server is killed: nothing is ended. */
Test(spool, the_next_start_takes_files_over)
{
	struct spool *spool = open_spool(1000);

	leave_file(spool, AUDIT_PART, "member");
	leave_file(spool, AUDIT_JOURNAL, "line\n");
	leave_file(spool, AUDIT_PACKING, "");
	spool_close(spool);

	spool = open_spool(1000);
	cr_assert_eq(count_files(spool, AUDIT_TORN), 1);
	cr_assert_eq(count_files(spool, AUDIT_LINES), 1);
	cr_assert_eq(count_files(spool, AUDIT_PACKING), 0);
	cr_assert_eq(count_files(spool, AUDIT_PART), 0);
	cr_assert_eq(count_files(spool, AUDIT_JOURNAL), 0);
	cr_assert_eq(spool_bytes(spool), strlen("member") + strlen("line\n"));
	spool_close(spool);
}

/*
 * A copy of the spool was made while its server wrote the part. That server finished the part, longer, under its name,
 * and put it into the bucket. So the copy must not finish it under the same name.
 */
Test(spool, a_part_of_a_restored_copy_gets_another_name)
{
	struct spool *spool = open_spool(1000);
	struct audit_name name = spool_next_name(spool, &maker, HOUR), *names;
	size_t count;

	close(spool_open_file(spool, &name, AUDIT_PART, O_WRONLY | O_CREAT));
	close(spool_open_file(spool, &name, AUDIT_JOURNAL, O_WRONLY | O_CREAT));
	spool_close(spool);

	spool = open_spool(1000);
	for (int i = 0; i < 2; i++) {
		names = spool_list(spool, i == 0 ? AUDIT_TORN : AUDIT_LINES, &count);
		cr_assert_eq(count, 1);
		cr_assert_str_eq(names[0].instance, spool_instance(spool));
		cr_assert_str_neq(names[0].instance, name.instance);
		cr_assert_eq(names[0].hour, name.hour);
		free(names);
	}
	spool_close(spool);
}

Test(spool, only_files_belong_to_the_audit)
{
	struct spool *spool = open_spool(1000);
	struct audit_name link = spool_next_name(spool, &maker, HOUR);
	struct audit_name folder_name = spool_next_name(spool, &maker, HOUR);
	char file[AUDIT_NAME_SIZE], path[512];
	struct text text = TEXT_OVER(file);

	audit_name_add(&link, AUDIT_FINISHED, &text);
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	text_clear(&text);
	audit_name_add(&folder_name, AUDIT_FINISHED, &text);
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(count_files(spool, AUDIT_FINISHED), 0);
	cr_assert_lt(spool_open_file(spool, &link, AUDIT_FINISHED, O_RDONLY), 0);
	cr_assert_eq(errno, ELOOP);
	spool_close(spool);
	spool = open_spool(1000);
	cr_assert_not_null(spool, "%s", reason);
	cr_assert_eq(spool_bytes(spool), 0);
	spool_close(spool);
	rmdir(path);
}

Test(spool, a_rename_replaces_no_file)
{
	struct spool *spool = open_spool(1000);
	struct audit_name name = spool_next_name(spool, &maker, HOUR);

	close(spool_open_file(spool, &name, AUDIT_PACKING, O_WRONLY | O_CREAT));
	close(spool_open_file(spool, &name, AUDIT_FINISHED, O_WRONLY | O_CREAT));
	cr_assert(!spool_rename(spool, &name, AUDIT_PACKING, AUDIT_FINISHED));
	cr_assert_eq(errno, EEXIST);
	cr_assert(spool_has(spool, &name, AUDIT_PACKING));
	spool_close(spool);
}

Test(spool, the_limit_counts_files_of_earlier_runs)
{
	struct spool *spool = open_spool(10);
	struct audit_file *file = make_file(spool, AUDIT_PART, "1234567");

	cr_assert(spool_has_room(spool, 3));
	cr_assert(!spool_has_room(spool, 4));
	cr_assert(audit_file_end(file));
	spool_close(spool);

	spool = open_spool(10);
	cr_assert(spool_has_room(spool, 3));
	cr_assert(!spool_has_room(spool, 4));
	spool_close(spool);

	spool = open_spool(5);
	cr_assert(!spool_has_room(spool, 0));
	spool_close(spool);
}

Test(spool, a_removed_file_makes_room)
{
	struct spool *spool = open_spool(10);
	struct audit_file *file = make_file(spool, AUDIT_PART, "1234567");
	struct audit_name name = *audit_file_name(file);

	cr_assert(audit_file_end(file));
	cr_assert(spool_remove(spool, &name, AUDIT_FINISHED));
	cr_assert_eq(spool_bytes(spool), 0);
	cr_assert(spool_remove(spool, &name, AUDIT_FINISHED), "a second removal does no harm");
	cr_assert_eq(spool_bytes(spool), 0);
	spool_close(spool);
}

Test(spool, lists_begin_with_the_oldest)
{
	struct spool *spool = open_spool(1000);
	struct audit_name *names;
	size_t count;

	for (uint64_t hour = HOUR + 5; hour >= HOUR; hour--) {
		struct audit_name name = spool_next_name(spool, &maker, hour);

		close(spool_open_file(spool, &name, AUDIT_FINISHED, O_WRONLY | O_CREAT));
	}
	names = spool_list(spool, AUDIT_FINISHED, &count);
	cr_assert_eq(count, 6);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(names[i].hour, HOUR + i);
	free(names);
	spool_close(spool);
}

/* The limit of a file's size stands for a disk that is full. */
Test(spool, a_write_that_fails_leaves_whole_records)
{
	struct rlimit limit = {100, RLIM_INFINITY}, before;
	struct spool *spool = open_spool(1000000);
	struct audit_file *file = audit_file_new(spool, AUDIT_JOURNAL, &maker, HOUR);
	struct audit_name name = *audit_file_name(file);
	char line[60];
	struct stat status;
	int fd;

	memset(line, 'x', sizeof(line));
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert(audit_file_append(file, line, sizeof(line)));
	cr_assert(!audit_file_append(file, line, sizeof(line)));
	cr_assert_eq(errno, EFBIG);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	cr_assert_eq(audit_file_len(file), sizeof(line));
	cr_assert(audit_file_end(file));
	fd = spool_open_file(spool, &name, AUDIT_LINES, O_RDONLY);
	cr_assert_eq(fstat(fd, &status), 0);
	cr_assert_eq(status.st_size, (off_t)sizeof(line));
	close(fd);
	spool_close(spool);
}
