/*
 * DESIGN. How a connection with a torn set of files is closed decides what is lost:
 *
 *   log    index  the log's name leads to   ending
 *   ours   ours   ours                       usual
 *   ours   lost   ours                       leave: the log has all commits, and perhaps those of
 *                                            a writer with an index of its own
 *   lost   any    nothing, or an empty log   save: only this process can still read the log
 *   lost   any    another log                leave: another writer has begun from the database as it
 *                                            is, and the saved pages would undo its commits
 *   cut    any    ours                       leave: the index names pages that are not in the log
 *
 * Where something is lost the counter may be behind. The pool knows what was issued and refuses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/memory.h"
#include "store/sqlite_files.h"

#ifdef STATX_MNT_ID
#define MOUNT_OF(status) (status).stx_mnt_id
#else
#define STATX_MNT_ID	 0
#define MOUNT_OF(status) 0
#endif

#define PAGE_OF_INDEX 32768 /* SQLite maps so much at a time */

char *
sqlite_files_name(const char *name, enum sqlite_part part)
{
	static const char *const suffixes[SQLITE_PARTS] = {"", "-wal", "-shm"};
	size_t size = strlen(name) + sizeof("-wal");
	char *whole = xcalloc(1, size);

	snprintf(whole, size, "%s%s", name, suffixes[part]);
	return whole;
}

char *
sqlite_files_folder(const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == name ? xstrdup("/") : xstrndup(name, (size_t)(slash - name));
}

static bool
look(int fd, const char *name, int flags, struct sqlite_mark *mark)
{
	struct statx status;

	if (statx(fd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &status) != 0)
		return false;
	*mark = (struct sqlite_mark){
		.device = makedev(status.stx_dev_major, status.stx_dev_minor),
		.number = status.stx_ino,
		.mount = MOUNT_OF(status),
		.links = status.stx_nlink,
		.size = status.stx_size,
	};
	return true;
}

bool
sqlite_files_look(const char *name, struct sqlite_mark *mark)
{
	return look(AT_FDCWD, name, 0, mark);
}

bool
sqlite_files_look_open(int fd, struct sqlite_mark *mark)
{
	return look(fd, "", AT_EMPTY_PATH, mark);
}

bool
sqlite_files_same(const struct sqlite_mark *one, const struct sqlite_mark *other)
{
	return one->device == other->device && one->number == other->number &&
	       one->mount == other->mount;
}

void
sqlite_files_note(struct sqlite_files *files, const char *name)
{
	sqlite_files_free(files);
	for (unsigned i = 0; i < SQLITE_PARTS; i++) {
		files->names[i] = sqlite_files_name(name, i);
		(void)!sqlite_files_look(files->names[i], &files->marks[i]);
	}
}

void
sqlite_files_free(struct sqlite_files *files)
{
	for (unsigned i = 0; i < SQLITE_PARTS; i++)
		free(files->names[i]);
	memset(files, 0, sizeof(*files));
}

/* --- the comparison -------------------------------------------------------------------------------- */

/* Whether PART is still the file it was; *NOW is what its name leads to. */
static bool
has_name(const struct sqlite_files *files, enum sqlite_part part, struct sqlite_mark *now)
{
	return sqlite_files_look(files->names[part], now) &&
	       sqlite_files_same(now, &files->marks[part]);
}

static enum sqlite_fault
explain_torn(const struct sqlite_files *files, enum sqlite_part part, const char *what,
	     struct text *reason)
{
	static const char *const parts[SQLITE_PARTS] = {"database", "log", "index of the log"};

	text_addf(reason, "the %s %s was %s while tickrd serves: the database is opened again",
		  parts[part], files->names[part], what);
	return SQLITE_FILES_TORN;
}

static enum sqlite_fault
explain_moved(const struct sqlite_files *files, const char *what, struct text *reason)
{
	text_addf(reason, "the database file %s was %s while tickrd serves from it",
		  files->names[SQLITE_DATABASE], what);
	return SQLITE_FILES_MOVED;
}

static enum sqlite_fault
explain_linked(const struct sqlite_files *files, enum sqlite_part part, struct text *reason)
{
	text_addf(reason,
		  "%s has a second name (a hard link), and SQLite's log lies beside one of them: "
		  "remove the other name",
		  files->names[part]);
	return SQLITE_FILES_LINKED;
}

static enum sqlite_fault
check_database(const struct sqlite_files *files, struct text *reason)
{
	struct sqlite_mark now;

	if (!has_name(files, SQLITE_DATABASE, &now))
		return explain_moved(files, "moved or deleted", reason);
	if (now.size == 0)
		return explain_moved(files, "emptied", reason);
	if (now.links != 1)
		return explain_linked(files, SQLITE_DATABASE, reason);
	return SQLITE_FILES_WHOLE;
}

static enum sqlite_fault
check_log(const struct sqlite_files *files, uint64_t *log_size, struct text *reason)
{
	struct sqlite_mark now;

	if (!has_name(files, SQLITE_LOG, &now))
		return explain_torn(files, SQLITE_LOG, "moved or deleted", reason);
	if (now.size < *log_size)
		return explain_torn(files, SQLITE_LOG, "cut short", reason);
	if (now.links != 1)
		return explain_linked(files, SQLITE_LOG, reason);
	*log_size = now.size;
	return SQLITE_FILES_WHOLE;
}

enum sqlite_fault
sqlite_files_check_index(const struct sqlite_files *files, struct text *reason)
{
	struct sqlite_mark now;

	if (!has_name(files, SQLITE_INDEX, &now))
		return explain_torn(files, SQLITE_INDEX, "moved or deleted", reason);
	if (now.size < PAGE_OF_INDEX)
		return explain_torn(files, SQLITE_INDEX, "cut short", reason);
	if (now.links != 1)
		return explain_linked(files, SQLITE_INDEX, reason);
	return SQLITE_FILES_WHOLE;
}

enum sqlite_fault
sqlite_files_check_companions(const struct sqlite_files *files, uint64_t *log_size,
			      struct text *reason)
{
	enum sqlite_fault fault = check_log(files, log_size, reason);

	return fault == SQLITE_FILES_WHOLE ? sqlite_files_check_index(files, reason) : fault;
}

enum sqlite_fault
sqlite_files_check(const struct sqlite_files *files, uint64_t *log_size, struct text *reason)
{
	enum sqlite_fault fault = check_database(files, reason);

	return fault == SQLITE_FILES_WHOLE ? sqlite_files_check_companions(files, log_size, reason)
					   : fault;
}

enum sqlite_ending
sqlite_files_ending(const struct sqlite_files *files, uint64_t log_size)
{
	struct sqlite_mark now;

	if (!has_name(files, SQLITE_LOG, &now))
		return sqlite_files_look(files->names[SQLITE_LOG], &now) && now.size > 0
			       ? SQLITE_END_LEAVE
			       : SQLITE_END_SAVE;
	if (now.size < log_size)
		return SQLITE_END_LEAVE;
	if (!has_name(files, SQLITE_INDEX, &now) || now.size < PAGE_OF_INDEX)
		return SQLITE_END_LEAVE;
	return SQLITE_END_USUAL;
}
