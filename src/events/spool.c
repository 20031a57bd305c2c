#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "events/spool.h"

struct spool {
	char *folder; /* for messages */
	int folder_fd;
	int lock_fd;
	uint64_t most;
	char instance[AUDIT_INSTANCE_SIZE];
	_Atomic uint64_t number; /* of the last file */
	_Atomic uint64_t bytes;	 /* of all files */
};

/* --- lists ---------------------------------------------------------------------------------------------- */

/* Files, and the kind of each. */
struct spool_files {
	struct audit_name *names;
	enum audit_kind *kinds;
	size_t count;
	size_t size;
};

static void
spool_files_add(struct spool_files *files, const struct audit_name *name, enum audit_kind kind)
{
	if (files->count == files->size) {
		files->size = 2 * files->size + 16;
		files->names = xrealloc(files->names, files->size * sizeof(*files->names));
		files->kinds = xrealloc(files->kinds, files->size * sizeof(*files->kinds));
	}
	files->names[files->count] = *name;
	files->kinds[files->count++] = kind;
}

/* Whether FILE in the folder FD is a file of its own. A link in the spool could name any file of this host. */
static bool
spool_is_file(int fd, const char *file)
{
	struct stat status;

	return fstatat(fd, file, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

/* Read the folder FD. ONLY: a kind, or AUDIT_KINDS for all. Return false with errno if that fails. */
static bool
spool_read(int fd, enum audit_kind only, struct spool_files *files)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	int error;

	if (folder == NULL)
		return false;
	while (errno = 0, (entry = readdir(folder)) != NULL) {
		struct audit_name name;
		enum audit_kind kind;

		if (audit_name_read(entry->d_name, &name, &kind) &&
		    (only == AUDIT_KINDS || only == kind) && spool_is_file(fd, entry->d_name))
			spool_files_add(files, &name, kind);
	}
	error = errno;
	closedir(folder);
	errno = error;
	return error == 0;
}

static int
spool_compare(const void *one, const void *other)
{
	const struct audit_name *a = one, *b = other;

	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->instance, b->instance);
}

struct audit_name *
spool_list(struct spool *spool, enum audit_kind kind, size_t *count)
{
	struct spool_files files = {.names = xcalloc(1, sizeof(*files.names)), .size = 0};

	if (!spool_read(spool->folder_fd, kind, &files)) {
		free(files.names);
		free(files.kinds);
		return NULL;
	}
	qsort(files.names, files.count, sizeof(*files.names), spool_compare);
	free(files.kinds);
	*count = files.count;
	return files.names;
}

struct audit_name *
spool_look(const char *folder, enum audit_kind **kinds, size_t *count)
{
	struct spool_files files = {.names = xcalloc(1, sizeof(*files.names)), .size = 0};
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_read = fd >= 0 && spool_read(fd, AUDIT_KINDS, &files);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (!is_read) {
		free(files.names);
		free(files.kinds);
		errno = error;
		return NULL;
	}
	*kinds = files.kinds;
	*count = files.count;
	return files.names;
}

/* --- files ---------------------------------------------------------------------------------------------- */

static void
spool_file_name(const struct audit_name *name, enum audit_kind kind, char file[AUDIT_NAME_SIZE])
{
	struct text text = text_over(file, AUDIT_NAME_SIZE);

	audit_name_add(name, kind, &text);
}

const char *
spool_instance(const struct spool *spool)
{
	return spool->instance;
}

struct audit_name
spool_next_name(struct spool *spool, const struct audit_maker *maker, uint64_t hour)
{
	struct audit_name name = {
		.maker = *maker, .hour = hour, .number = atomic_fetch_add(&spool->number, 1) + 1};

	memcpy(name.instance, spool->instance, sizeof(name.instance));
	return name;
}

int
spool_open_file(struct spool *spool, const struct audit_name *name, enum audit_kind kind, int flags)
{
	char file[AUDIT_NAME_SIZE];
	int fd;

	spool_file_name(name, kind, file);
	fd = openat(spool->folder_fd, file, flags | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || (flags & O_CREAT) == 0 || fsync(spool->folder_fd) == 0)
		return fd;
	close(fd);
	return -1;
}

bool
spool_has(struct spool *spool, const struct audit_name *name, enum audit_kind kind)
{
	char file[AUDIT_NAME_SIZE];

	spool_file_name(name, kind, file);
	return faccessat(spool->folder_fd, file, F_OK, 0) == 0;
}

/* The lock keeps other servers away, so NEW cannot appear between the check and the rename. */
static bool
spool_move(struct spool *spool, const struct audit_name *old, enum audit_kind from,
	   const struct audit_name *new, enum audit_kind to)
{
	char old_file[AUDIT_NAME_SIZE], new_file[AUDIT_NAME_SIZE];

	spool_file_name(old, from, old_file);
	spool_file_name(new, to, new_file);
	if (faccessat(spool->folder_fd, new_file, F_OK, 0) == 0) {
		errno = EEXIST;
		return false;
	}
	return renameat(spool->folder_fd, old_file, spool->folder_fd, new_file) == 0 &&
	       fsync(spool->folder_fd) == 0;
}

bool
spool_rename(struct spool *spool, const struct audit_name *name, enum audit_kind from,
	     enum audit_kind to)
{
	return spool_move(spool, name, from, name, to);
}

bool
spool_remove(struct spool *spool, const struct audit_name *name, enum audit_kind kind)
{
	char file[AUDIT_NAME_SIZE];
	struct stat status;

	spool_file_name(name, kind, file);
	if (fstatat(spool->folder_fd, file, &status, 0) != 0)
		return errno == ENOENT;
	if (unlinkat(spool->folder_fd, file, 0) != 0)
		return false;
	spool_subtract(spool, (uint64_t)status.st_size);
	return fsync(spool->folder_fd) == 0;
}

bool
spool_has_room(const struct spool *spool, uint64_t len)
{
	uint64_t bytes = spool_bytes(spool);

	return bytes <= spool->most && len <= spool->most - bytes;
}

void
spool_add(struct spool *spool, uint64_t len)
{
	atomic_fetch_add(&spool->bytes, len);
}

void
spool_subtract(struct spool *spool, uint64_t len)
{
	atomic_fetch_sub(&spool->bytes, len);
}

uint64_t
spool_bytes(const struct spool *spool)
{
	return atomic_load(&spool->bytes);
}

uint64_t
spool_most(const struct spool *spool)
{
	return spool->most;
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool
spool_lock(struct spool *spool, struct text *problem)
{
	spool->folder_fd = open(spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->folder_fd < 0) {
		text_addf(problem, "the audit folder %s cannot be used: %s (TICKR_AUDIT_DIR)",
			  spool->folder, strerror(errno));
		return false;
	}
	spool->lock_fd =
		openat(spool->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (spool->lock_fd >= 0 && flock(spool->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (spool->lock_fd >= 0 && errno == EWOULDBLOCK)
		text_addf(problem,
			  "another tickrd writes its audit in %s: give each server a folder of its "
			  "own (TICKR_AUDIT_DIR)",
			  spool->folder);
	else
		text_addf(problem,
			  "%s/lock cannot be locked: %s; the folder must be writable "
			  "(TICKR_AUDIT_DIR)",
			  spool->folder, strerror(errno));
	return false;
}

static bool
spool_measure(struct spool *spool, const struct audit_name *name, enum audit_kind kind)
{
	char file[AUDIT_NAME_SIZE];
	struct stat status;

	spool_file_name(name, kind, file);
	if (fstatat(spool->folder_fd, file, &status, 0) != 0)
		return false;
	spool_add(spool, (uint64_t)status.st_size);
	return true;
}

/* A file that grows meanwhile may be counted short, until the next call. */
void
spool_measure_again(struct spool *spool)
{
	struct spool_files files = {0};
	uint64_t sum = 0;
	bool is_read = spool_read(spool->folder_fd, AUDIT_KINDS, &files);

	for (size_t i = 0; is_read && i < files.count; i++) {
		char file[AUDIT_NAME_SIZE];
		struct stat status;

		spool_file_name(&files.names[i], files.kinds[i], file);
		if (fstatat(spool->folder_fd, file, &status, 0) == 0)
			sum += (uint64_t)status.st_size;
	}
	if (is_read)
		atomic_store(&spool->bytes, sum);
	free(files.names);
	free(files.kinds);
}

/*
 * Give a file of an earlier run to the keeper. One that its server was writing gets a name of this start. This spool may
 * be a copy that is older than the bucket: there the name may have a longer file, which must not be replaced. A file that
 * was half packed is removed, because its lines are there.
 */
static bool
spool_take_over(struct spool *spool, const struct audit_name *name, enum audit_kind kind)
{
	struct audit_name adopted;

	switch (kind) {
	case AUDIT_PART:
	case AUDIT_JOURNAL:
		adopted = spool_next_name(spool, &name->maker, name->hour);
		return spool_move(spool, name, kind, &adopted,
				  kind == AUDIT_PART ? AUDIT_TORN : AUDIT_LINES);
	case AUDIT_PACKING: return spool_remove(spool, name, kind);
	case AUDIT_FINISHED:
	case AUDIT_TORN:
	case AUDIT_LINES:
	case AUDIT_KINDS: break;
	}
	return true;
}

static bool
spool_recover(struct spool *spool, struct text *problem)
{
	struct spool_files files = {0};
	bool is_good = spool_read(spool->folder_fd, AUDIT_KINDS, &files);

	for (size_t i = 0; is_good && i < files.count; i++)
		is_good = spool_measure(spool, &files.names[i], files.kinds[i]) &&
			  spool_take_over(spool, &files.names[i], files.kinds[i]);
	if (!is_good)
		text_addf(problem,
			  "the files in the audit folder %s cannot be taken over: %s "
			  "(TICKR_AUDIT_DIR)",
			  spool->folder, strerror(errno));
	free(files.names);
	free(files.kinds);
	return is_good;
}

static bool
spool_name_instance(struct spool *spool, struct text *problem)
{
	char id[RANDOM_ID_SIZE];

	if (!random_id(id)) {
		text_addf(problem, "the kernel has no random numbers: %s", strerror(errno));
		return false;
	}
	memcpy(spool->instance, id, AUDIT_INSTANCE_LEN);
	return true;
}

struct spool *
spool_open(const char *folder, uint64_t most, struct text *problem)
{
	struct spool *spool = xcalloc(1, sizeof(*spool));

	spool->folder = xstrdup(folder);
	spool->folder_fd = spool->lock_fd = -1;
	spool->most = most;
	if (spool_lock(spool, problem) && spool_name_instance(spool, problem) &&
	    spool_recover(spool, problem))
		return spool;
	spool_close(spool);
	return NULL;
}

void
spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	if (spool->lock_fd >= 0)
		close(spool->lock_fd);
	if (spool->folder_fd >= 0)
		close(spool->folder_fd);
	free(spool->folder);
	free(spool);
}
