/*
 * DESIGN. When SQLite closes its last connection, it moves the log into the database. If the three files no
 * longer belong together, that can destroy commits. The table says how to close:
 *
 *     log    index   the log's name leads to    ending
 *     ours   ours    our log                    usual
 *     ours   lost    our log                    leave (1)
 *     lost   any     nothing, or an empty log   save (2)
 *     lost   any     another log                leave (3)
 *     cut    any     our log                    leave (4)
 *
 * 1. The log has all our commits. It may also have those of a writer with another index.
 *
 * 2. No other process can read our log.
 *
 * 3. Another writer continued from the database as it was. Our pages would undo its commits.
 *
 * 4. The index names pages that are no longer in the log.
 *
 * If commits are lost, the counter may be too low. The pool knows the newest issued ticket, and refuses the
 * database.
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

#define PAGE_OF_INDEX 32768 /* SQLite maps the index in such pages */

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
sqlite_files_mark(int fd, const char *name, int flags, struct sqlite_mark *mark)
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
	return sqlite_files_mark(AT_FDCWD, name, 0, mark);
}

bool
sqlite_files_look_open(int fd, struct sqlite_mark *mark)
{
	return sqlite_files_mark(fd, "", AT_EMPTY_PATH, mark);
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

/* Set *NOW to the file that the name of PART leads to. Return whether it is still the same file. */
static bool
sqlite_files_has_name(const struct sqlite_files *files, enum sqlite_part part,
		      struct sqlite_mark *now)
{
	return sqlite_files_look(files->names[part], now) &&
	       sqlite_files_same(now, &files->marks[part]);
}

static enum sqlite_fault
sqlite_files_explain_torn(const struct sqlite_files *files, enum sqlite_part part, const char *what,
			  struct text *reason)
{
	static const char *const parts[SQLITE_PARTS] = {"database", "log", "index of the log"};

	text_addf(reason, "the %s %s was %s while tickrd served: tickrd opens the database again",
		  parts[part], files->names[part], what);
	return SQLITE_FILES_TORN;
}

static enum sqlite_fault
sqlite_files_explain_moved(const struct sqlite_files *files, const char *what, struct text *reason)
{
	text_addf(reason, "the database file %s was %s while tickrd served from it",
		  files->names[SQLITE_DATABASE], what);
	return SQLITE_FILES_MOVED;
}

static enum sqlite_fault
sqlite_files_explain_linked(const struct sqlite_files *files, enum sqlite_part part,
			    struct text *reason)
{
	text_addf(reason,
		  "%s has a second name (a hard link), and SQLite's log lies next to one of them: "
		  "remove the other name",
		  files->names[part]);
	return SQLITE_FILES_LINKED;
}

enum sqlite_fault
sqlite_files_check_index(const struct sqlite_files *files, struct text *reason)
{
	struct sqlite_mark now;

	if (!sqlite_files_has_name(files, SQLITE_INDEX, &now))
		return sqlite_files_explain_torn(files, SQLITE_INDEX, "moved or deleted", reason);
	if (now.size < PAGE_OF_INDEX)
		return sqlite_files_explain_torn(files, SQLITE_INDEX, "cut short", reason);
	if (now.links != 1)
		return sqlite_files_explain_linked(files, SQLITE_INDEX, reason);
	return SQLITE_FILES_WHOLE;
}

enum sqlite_fault
sqlite_files_check_companions(const struct sqlite_files *files, uint64_t *log_size,
			      struct text *reason)
{
	struct sqlite_mark now;

	if (!sqlite_files_has_name(files, SQLITE_LOG, &now))
		return sqlite_files_explain_torn(files, SQLITE_LOG, "moved or deleted", reason);
	if (now.size < *log_size)
		return sqlite_files_explain_torn(files, SQLITE_LOG, "cut short", reason);
	if (now.links != 1)
		return sqlite_files_explain_linked(files, SQLITE_LOG, reason);
	*log_size = now.size;
	return sqlite_files_check_index(files, reason);
}

enum sqlite_fault
sqlite_files_check(const struct sqlite_files *files, uint64_t *log_size, struct text *reason)
{
	struct sqlite_mark now;

	if (!sqlite_files_has_name(files, SQLITE_DATABASE, &now))
		return sqlite_files_explain_moved(files, "moved or deleted", reason);
	if (now.size == 0)
		return sqlite_files_explain_moved(files, "emptied", reason);
	if (now.links != 1)
		return sqlite_files_explain_linked(files, SQLITE_DATABASE, reason);
	return sqlite_files_check_companions(files, log_size, reason);
}

enum sqlite_ending
sqlite_files_ending(const struct sqlite_files *files, uint64_t log_size)
{
	struct sqlite_mark now;

	if (!sqlite_files_has_name(files, SQLITE_LOG, &now))
		return sqlite_files_look(files->names[SQLITE_LOG], &now) && now.size > 0
			       ? SQLITE_END_LEAVE
			       : SQLITE_END_SAVE;
	if (now.size < log_size)
		return SQLITE_END_LEAVE;
	if (!sqlite_files_has_name(files, SQLITE_INDEX, &now) || now.size < PAGE_OF_INDEX)
		return SQLITE_END_LEAVE;
	return SQLITE_END_USUAL;
}
