/*
 * sqlite_files -- checks that the database file, its log and the log's index still belong together.
 *
 * SQLite continues with open files whose names lead elsewhere by now, and no other program finds its commits
 * there. A log without a name is lost when the process is killed. Two writers, each with its own index,
 * overwrite each other. So a session compares names and inodes around each commit.
 *
 * One thread writes a struct first. Afterwards any thread may read it. For the files of the sqlite store only.
 */
#ifndef TICKR_STORE_SQLITE_FILES_H
#define TICKR_STORE_SQLITE_FILES_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

enum sqlite_part {
	SQLITE_DATABASE,
	SQLITE_LOG,   /* -wal */
	SQLITE_INDEX, /* -shm */
	SQLITE_PARTS
};

/* The file that a name leads to. */
struct sqlite_mark {
	uint64_t device;
	uint64_t number; /* of its inode */
	uint64_t mount;	 /* 0: the kernel does not say */
	uint64_t links;
	uint64_t size;
};

struct sqlite_files {
	char *names[SQLITE_PARTS]; /* freed by sqlite_files_free() */
	struct sqlite_mark marks[SQLITE_PARTS];
};

enum sqlite_fault {
	SQLITE_FILES_WHOLE,
	SQLITE_FILES_MOVED,  /* the database has lost its name, or its contents */
	SQLITE_FILES_LINKED, /* a file of the three has a second name */
	SQLITE_FILES_TORN,   /* the log or its index has lost its name, or its contents */
};

/* How to close the last connection of SQLite. */
enum sqlite_ending {
	SQLITE_END_USUAL, /* move the log into the database, remove log and index */
	SQLITE_END_SAVE,  /* move the log into the database, remove no name */
	SQLITE_END_LEAVE, /* write nothing more */
};

/* Return the name of PART of the database NAME. The caller frees it. */
char *sqlite_files_name(const char *name, enum sqlite_part part) MUST_CHECK;

/* Return the folder of NAME. The caller frees it. */
char *sqlite_files_folder(const char *name) MUST_CHECK;

/* Set *MARK to the file that NAME leads to. False: there is none, and errno says why. */
bool sqlite_files_look(const char *name, struct sqlite_mark *mark) MUST_CHECK;

/* Set *MARK to the file that FD is open on. */
bool sqlite_files_look_open(int fd, struct sqlite_mark *mark) MUST_CHECK;

/* Return whether both marks are of the same file. */
bool sqlite_files_same(const struct sqlite_mark *one, const struct sqlite_mark *other) MUST_CHECK;

/* Set FILES to the database NAME, its log and its index, as their names lead now. */
void sqlite_files_note(struct sqlite_files *files, const char *name);
void sqlite_files_free(struct sqlite_files *files);

/*
 * Compare FILES with the files that their names lead to now. REASON explains a fault. *LOG_SIZE is the size of
 * the log after this session's last statement, and is updated. A log does not shrink while sessions are open.
 */
enum sqlite_fault sqlite_files_check(const struct sqlite_files *files, uint64_t *log_size,
				     struct text *reason) MUST_CHECK;

/* Check the log and its index alone. */
enum sqlite_fault sqlite_files_check_companions(const struct sqlite_files *files,
						uint64_t *log_size, struct text *reason) MUST_CHECK;

/* Check the index alone. Call it before SQLite reads the index, which is mapped into memory. */
enum sqlite_fault sqlite_files_check_index(const struct sqlite_files *files,
					   struct text *reason) MUST_CHECK;

/* Return how to close the last connection. LOG_SIZE is that of sqlite_files_check(). */
enum sqlite_ending sqlite_files_ending(const struct sqlite_files *files,
				       uint64_t log_size) MUST_CHECK;

#endif
