/*
 * sqlite_place -- finds the file system of a database file, and whether a counter is safe there.
 *
 * SQLite keeps two writers apart by locks and by shared memory. Both reach every process only if one kernel
 * alone manages the file system. A list names the file systems that are known to be safe. A file on any other
 * has a warning.
 *
 * Any thread. For the files of the sqlite store only.
 */
#ifndef TICKR_STORE_SQLITE_PLACE_H
#define TICKR_STORE_SQLITE_PLACE_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

enum sqlite_place_kind {
	SQLITE_PLACE_DISK,    /* a disk of this machine */
	SQLITE_PLACE_MEMORY,  /* lost when the machine stops */
	SQLITE_PLACE_LAYER,   /* the writable layer of a container, lost with it */
	SQLITE_PLACE_SHARED,  /* locks or shared memory do not reach every process */
	SQLITE_PLACE_UNKNOWN, /* not in the list */
};

struct sqlite_place {
	enum sqlite_place_kind kind;
	char type[64];		 /* of the file system, as in /proc/self/mountinfo */
	bool is_without_barrier; /* fsync(2) returns before the file is on the disk */
};

/* Return the number of the mount of PATH; 0: the kernel does not say. */
uint64_t sqlite_place_mount(const char *path) MUST_CHECK;

/* Return the place of PATH. */
struct sqlite_place sqlite_place_of(const char *path) MUST_CHECK;

/* Return the kind of a file system by its TYPE; if that is "", by MAGIC of statfs(2). Pure. */
enum sqlite_place_kind sqlite_place_kind(const char *type, unsigned magic) MUST_CHECK;

/* Return whether each process that reaches a file at PLACE sees the locks of all others. */
bool sqlite_place_has_locks(const struct sqlite_place *place) MUST_CHECK;

/* Add a line to WARNINGS for each fact about the place of PATH that allows it to repeat a ticket. */
void sqlite_place_warn(const char *path, struct text *warnings);

#endif
