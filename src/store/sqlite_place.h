/*
 * sqlite_place -- on which file system a database file lies, and whether a counter is safe there.
 *
 * SQLite keeps two writers apart with locks and with shared memory. Both reach every process only on
 * file systems that one kernel manages alone. So this file has a list of those that are known to be
 * such; any other gets a warning. Any thread; used by the sqlite store's files only.
 */
#ifndef TICKR_STORE_SQLITE_PLACE_H
#define TICKR_STORE_SQLITE_PLACE_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

enum sqlite_place_kind {
	SQLITE_PLACE_DISK,   /* a disk of this machine */
	SQLITE_PLACE_MEMORY, /* ends with the machine */
	SQLITE_PLACE_LAYER,  /* the writable layer of a container, which ends with it */
	SQLITE_PLACE_SHARED, /* its locks or memory are not those of every process that reaches it */
	SQLITE_PLACE_UNKNOWN, /* not in the list */
};

struct sqlite_place {
	enum sqlite_place_kind kind;
	char type[64];		 /* of the file system, as in /proc/self/mountinfo */
	bool is_without_barrier; /* mounted so that a file is not on the disk after fsync(2) */
};

/* The mount that PATH is reached through; 0: the kernel does not say. */
uint64_t sqlite_place_mount(const char *path) MUST_CHECK;

/* Where PATH lies. */
struct sqlite_place sqlite_place_of(const char *path) MUST_CHECK;

/*
 * The kind of a file system by its TYPE; where that is "", by MAGIC, as statfs(2) has it. Pure.
 */
enum sqlite_place_kind sqlite_place_kind(const char *type, unsigned magic) MUST_CHECK;

/* Whether every process that reaches a file at PLACE sees the locks of all others. */
bool sqlite_place_has_locks(const struct sqlite_place *place) MUST_CHECK;

/* Add a line for each thing about the place of PATH that can make a ticket come twice. */
void sqlite_place_warn(const char *path, struct text *warnings);

#endif
