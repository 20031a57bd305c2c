/*
 * DESIGN. A claim is an flock(2) on the database file itself. SQLite locks bytes of the
 * file with fcntl(2), which the two kinds of lock do not mind; but a process that closes any
 * descriptor of a file loses its fcntl locks on it. So the claim's descriptor is opened once and
 * stays open until the last session is closed, even where another process has the lock; asking
 * for a lock that one has is no change.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/sqlite_file.h"

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

/* Of the write-ahead log of PATH; the caller frees it. */
static char *
log_of(const char *path)
{
	size_t size = strlen(path) + sizeof("-wal");
	char *log = xcalloc(1, size);

	snprintf(log, size, "%s-wal", path);
	return log;
}

/* A log without its database is what is left of one that was in use. */
static bool
may_be_made(const char *path, struct text *reason)
{
	char *log = log_of(path);
	bool is_there = access(log, F_OK) == 0;

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
		  problem == ENOENT
			  ? ". Set TICKR_STATE_DIR or TICKR_DATABASE_NAME to where it is; only "
			    "if there never was one run tickrd createdb: a new one would give "
			    "its tickets again"
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

void
sqlite_file_claim(struct store_settings *settings)
{
	settings->claim = xcalloc(1, sizeof(*settings->claim));
	pthread_mutex_init(&settings->claim->mutex, NULL);
	settings->claim->fd = -1;
}

void
sqlite_file_release(struct store_settings *settings)
{
	if (settings->claim->fd >= 0)
		close(settings->claim->fd);
	pthread_mutex_destroy(&settings->claim->mutex);
	free(settings->claim->log.name);
	free(settings->claim);
	settings->claim = NULL;
}

static bool
is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* With the mutex held. */
static bool
take(struct store_claim *claim, const char *path, struct text *reason)
{
	struct stat held, there;

	if (claim->fd < 0)
		claim->fd = open(path, O_RDWR | O_CLOEXEC);
	if (claim->fd < 0 || fstat(claim->fd, &held) != 0 || stat(path, &there) != 0)
		text_addf(reason, "the database file %s cannot be opened: %s", path,
			  strerror(errno));
	else if (!is_same(&held, &there))
		text_addf(reason,
			  "%s is not the file that this tickrd began with. Bring that back; or, if "
			  "no ticket can come twice from this one, restart tickrd",
			  path);
	else if (flock(claim->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	else if (errno == EWOULDBLOCK)
		text_addf(reason, "another tickrd serves from %s: a file is for one server only",
			  path);
	else
		text_addf(reason, "%s cannot be locked: %s", path, strerror(errno));
	return false;
}

bool
sqlite_file_take(struct store_claim *claim, const char *path, struct text *reason)
{
	bool is_taken;

	pthread_mutex_lock(&claim->mutex); /* nothing below it blocks */
	is_taken = take(claim, path, reason);
	pthread_mutex_unlock(&claim->mutex);
	return is_taken;
}

/* --- the log ------------------------------------------------------------------------------------- */

bool
sqlite_file_has_log(const struct sqlite_log *log, struct text *reason)
{
	struct stat there;

	if (stat(log->name, &there) == 0 && there.st_dev == log->device &&
	    there.st_ino == log->number)
		return true;
	text_addf(reason,
		  "the log %s was moved or deleted while tickrd serves: the file is opened anew, "
		  "which saves what is in it",
		  log->name);
	return false;
}

/* With the mutex held. */
static bool
may_join(const struct store_claim *claim, struct text *reason)
{
	return claim->sessions == 0 || sqlite_file_has_log(&claim->log, reason);
}

bool
sqlite_file_may_join(struct store_claim *claim, struct text *reason)
{
	bool may;

	pthread_mutex_lock(&claim->mutex);
	may = may_join(claim, reason);
	pthread_mutex_unlock(&claim->mutex);
	return may;
}

/* With the mutex held: the log of the first session is that of all. */
static void
note_log(struct store_claim *claim, const char *file)
{
	struct stat there = {0};

	free(claim->log.name);
	claim->log.name = log_of(file);
	(void)!stat(claim->log.name, &there);
	claim->log.device = there.st_dev;
	claim->log.number = there.st_ino;
}

bool
sqlite_file_join(struct store_claim *claim, const char *file, struct sqlite_log *log,
		 struct text *reason)
{
	bool has_joined;

	pthread_mutex_lock(&claim->mutex);
	if (claim->sessions == 0)
		note_log(claim, file);
	has_joined = sqlite_file_has_log(&claim->log, reason);
	claim->sessions += has_joined;
	*log = claim->log;
	pthread_mutex_unlock(&claim->mutex);
	return has_joined;
}

void
sqlite_file_leave(struct store_claim *claim)
{
	claim->sessions--;
}
