/*
 * sqlite_owner -- a file beside the database that says which process has it, where locks do not.
 *
 * On a file system that several kernels or mounts reach, each may have locks of its own. All of them
 * agree on one thing: which of two processes has made a file that was not there. So the owner makes
 * PATH-owner before its first session and removes it after the last one. A process that is killed
 * leaves it behind; another one removes it only if it can know that the owner has ended.
 *
 * One thread at a time, except sqlite_owner_is(); used by the sqlite store's files only.
 */
#ifndef TICKR_STORE_SQLITE_OWNER_H
#define TICKR_STORE_SQLITE_OWNER_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "store/sqlite_files.h"

struct sqlite_owner {
	char *name; /* of the file; NULL: this process is not the owner */
	int fd;	    /* open, so that its inode is not used again */
	struct sqlite_mark mark;
};

/*
 * Make this process the owner of the database PATH. HAS_LOCK: it has the flock(2) on PATH, which any
 * owner in this kernel and on this mount holds until it ends. False: REASON names the owner.
 */
bool sqlite_owner_take(struct sqlite_owner *owner, const char *path, bool has_lock,
		       struct text *reason) MUST_CHECK;

/* Whether this process still is the owner; also if it never had to be. One statx(2). */
bool sqlite_owner_is(const struct sqlite_owner *owner, struct text *reason) MUST_CHECK;

/* Whether PATH's owner runs in this kernel and on this mount, so that its locks are seen here. */
bool sqlite_owner_is_near(const char *path, struct text *reason) MUST_CHECK;

/* Remove the file, if it is still this process's. */
void sqlite_owner_drop(struct sqlite_owner *owner);

#endif
