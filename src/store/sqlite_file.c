/*
 * DESIGN. A claim is an flock(2) on the database file itself. SQLite locks bytes of the
 * file with fcntl(2), which the two kinds of lock do not mind; but a process that closes any
 * descriptor of a file loses its fcntl locks on it. So the claim's descriptor stays open
 * until the last session is closed, and a file that is claimed already is never opened again
 * to look at it: stat(2) does.
 *
 * The list is the process's own, because the kernel's lock is. It has one entry for each
 * database of the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/sqlite_file.h"

struct sqlite_file {
	SLIST_ENTRY(sqlite_file) link;
	char *path;
	dev_t device;
	ino_t inode;
	int fd;
	_Atomic uint64_t newest;
};

static struct {
	pthread_mutex_t mutex;
	SLIST_HEAD(, sqlite_file) files; /* under the mutex */
} claimed = {PTHREAD_MUTEX_INITIALIZER, SLIST_HEAD_INITIALIZER(files)};

/* --- whether it can be used -------------------------------------------------------------------- */

/* The folder that PATH is in; the caller frees it. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static bool
folder_is_usable(const char *path, struct text *reason)
{
	char *folder = folder_of(path);
	bool is_usable = faccessat(AT_FDCWD, folder, R_OK | W_OK | X_OK, AT_EACCESS) == 0;

	if (!is_usable)
		text_addf(reason,
			  "the folder %s cannot be used: %s. tickrd must be able to make files in "
			  "it: SQLite keeps its log beside the database",
			  folder, strerror(errno));
	free(folder);
	return is_usable;
}

/* A log without its database is what is left of one that was in use. */
static bool
may_be_made(const char *path, struct text *reason)
{
	size_t size = strlen(path) + sizeof("-wal");
	char *log = xcalloc(1, size);
	bool is_there;

	snprintf(log, size, "%s-wal", path);
	is_there = access(log, F_OK) == 0;
	if (is_there)
		text_addf(reason,
			  "the database file %s is missing, and its log is there, %s: it was lost, "
			  "and a new one would give its tickets again. Bring it back; or, if no "
			  "ticket was ever given, remove the log and try again",
			  path, log);
	free(log);
	return !is_there;
}

static bool
explain_missing(const char *path, int problem, struct text *reason)
{
	text_addf(reason, "the database file %s cannot be used: %s%s", path, strerror(problem),
		  problem == ENOENT ? ". Run tickrd createdb; or, if there was one, bring it back: "
				      "a new one would give its tickets again"
				    : "");
	return false;
}

static bool
is_plain_file(const char *path, bool may_be_missing, struct text *reason)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		if (errno == ENOENT && may_be_missing)
			return may_be_made(path, reason);
		return explain_missing(path, errno, reason);
	}
	if (!S_ISREG(status.st_mode)) {
		text_addf(reason, "%s is not a plain file", path);
		return false;
	}
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
		return true;
	text_addf(reason, "the database file %s cannot be written: %s", path, strerror(errno));
	return false;
}

bool
sqlite_file_is_usable(const char *path, bool may_be_missing, struct text *reason)
{
	return is_plain_file(path, may_be_missing, reason) && folder_is_usable(path, reason);
}

/* --- the claim --------------------------------------------------------------------------------- */

static bool
is_same(const struct sqlite_file *file, const struct stat *status)
{
	return file->device == status->st_dev && file->inode == status->st_ino;
}

/* The entry that has PATH or its inode. With the mutex held, as all below. */
static struct sqlite_file *
find(const char *path, const struct stat *status)
{
	struct sqlite_file *file;

	SLIST_FOREACH(file, &claimed.files, link)
	if (is_same(file, status) || strcmp(file->path, path) == 0)
		return file;
	return NULL;
}

static enum store_result
lock(const char *path, int fd, struct text *reason)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return STORE_OK;
	if (errno == EWOULDBLOCK)
		text_addf(reason, "another tickrd serves from %s: a file is for one server only",
			  path);
	else
		text_addf(reason, "%s cannot be locked: %s", path, strerror(errno));
	return STORE_REFUSED;
}

static enum store_result
claim_new(const char *path, struct sqlite_file **file, struct text *reason)
{
	struct stat status;
	enum store_result result;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) != 0) {
		text_addf(reason, "the database file %s cannot be opened: %s", path,
			  strerror(errno));
		result = STORE_REFUSED;
	} else {
		result = lock(path, fd, reason);
	}
	if (result != STORE_OK) {
		if (fd >= 0)
			close(fd);
		return result;
	}
	*file = xcalloc(1, sizeof(**file));
	(*file)->path = xstrdup(path);
	(*file)->device = status.st_dev;
	(*file)->inode = status.st_ino;
	(*file)->fd = fd;
	SLIST_INSERT_HEAD(&claimed.files, *file, link);
	return STORE_OK;
}

static enum store_result
claim(const char *path, struct sqlite_file **file, struct text *reason)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		text_addf(reason, "the database file %s cannot be used: %s", path, strerror(errno));
		return STORE_REFUSED;
	}
	*file = find(path, &status);
	if (*file == NULL)
		return claim_new(path, file, reason);
	if (is_same(*file, &status))
		return STORE_OK;
	text_addf(reason,
		  "%s is not the file that this tickrd began with. Bring that back; or, if no "
		  "ticket can come twice from this one, restart tickrd",
		  path);
	return STORE_REFUSED;
}

enum store_result
sqlite_file_claim(const char *path, struct sqlite_file **file, struct text *reason)
{
	enum store_result result;

	pthread_mutex_lock(&claimed.mutex); /* nothing below it blocks */
	result = claim(path, file, reason);
	pthread_mutex_unlock(&claimed.mutex);
	return result;
}

void
sqlite_files_release(void)
{
	struct sqlite_file *file;

	pthread_mutex_lock(&claimed.mutex);
	while ((file = SLIST_FIRST(&claimed.files)) != NULL) {
		SLIST_REMOVE_HEAD(&claimed.files, link);
		close(file->fd);
		free(file->path);
		free(file);
	}
	pthread_mutex_unlock(&claimed.mutex);
}

/* --- the highest base --------------------------------------------------------------------------- */

uint64_t
sqlite_file_newest(const struct sqlite_file *file)
{
	return file->newest;
}

void
sqlite_file_note_newest(struct sqlite_file *file, uint64_t base)
{
	uint64_t known = file->newest;

	while (known < base && !atomic_compare_exchange_weak(&file->newest, &known, base))
		continue;
}

/* --- the place ---------------------------------------------------------------------------------- */

void
sqlite_file_warn(const char *path, struct text *warnings)
{
	static const char in_memory[] =
		"lies in memory: when the machine stops it is gone, and with it which tickets "
		"were given; move it to a disk";
	static const char on_network[] =
		"lies on a network file system, where SQLite's locks and log cannot be relied on: "
		"a ticket may come twice; move it to a disk of this machine";
	static const struct {
		unsigned magic; /* as statfs(2) has them */
		const char *warning;
	} places[] = {
		{0x01021994, in_memory},  /* tmpfs */
		{0x858458f6, in_memory},  /* ramfs */
		{0x00006969, on_network}, /* NFS */
		{0x0000517b, on_network}, /* SMB, and its later versions: */
		{0xff534d42, on_network}, {0xfe534d42, on_network},
	};
	struct statfs place;

	if (statfs(path, &place) != 0)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		if ((unsigned)place.f_type == places[i].magic)
			text_addf(warnings, "the database file %s %s\n", path, places[i].warning);
}
