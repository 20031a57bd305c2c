/*
 * sqlite_owner -- a file next to the database that names the process which serves from it.
 *
 * If several kernels or mounts reach a file system, each may have locks of its own. But all of them agree which
 * of two processes made a file that did not exist. So the owner makes PATH-owner before its first session, and
 * removes it after the last one. A process that is killed leaves its file. Another process removes that file
 * only if it can know that the owner has ended.
 *
 * One thread at a time, except sqlite_owner_is(). For the files of the sqlite store only.
 */
#ifndef TICKR_STORE_SQLITE_OWNER_H
#define TICKR_STORE_SQLITE_OWNER_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "store/sqlite_files.h"

struct sqlite_owner {
	char *name; /* of the file; NULL: this process is not the owner */
	int fd;	    /* open, so that the kernel does not reuse its inode */
	struct sqlite_mark mark;
};

/*
 * Make this process the owner of the database PATH. HAS_LOCK: this process has the flock(2) on PATH, which each
 * owner in this kernel and on this mount holds until it ends. False: REASON names the owner.
 */
bool sqlite_owner_take(struct sqlite_owner *owner, const char *path, bool has_lock,
		       struct text *reason) MUST_CHECK;

/* Return whether this process is still the owner, or never had to be. One statx(2). */
bool sqlite_owner_is(const struct sqlite_owner *owner, struct text *reason) MUST_CHECK;

/* Return whether the owner of PATH runs in this kernel and on this mount, so that this process sees its locks. */
bool sqlite_owner_is_near(const char *path, struct text *reason) MUST_CHECK;

/* Remove the owner's file, if this process is still the owner. */
void sqlite_owner_drop(struct sqlite_owner *owner);

#endif
