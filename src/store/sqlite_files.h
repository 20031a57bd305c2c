/*
 * sqlite_files -- the database file, its log and the log's index, and whether they still belong together.
 *
 * SQLite goes on with open files whose names now lead elsewhere. No other program finds its
 * commits there: a log without its name is lost when the process is killed, and two writers with an
 * index each overwrite each other. So a session compares names and inodes around each commit.
 *
 * Written once, then any thread; used by the sqlite store's files only.
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

/* Which file a name leads to. */
struct sqlite_mark {
	uint64_t device;
	uint64_t number; /* of its inode */
	uint64_t mount;	 /* 0 where the kernel does not say */
	uint64_t links;
	uint64_t size;
};

struct sqlite_files {
	char *names[SQLITE_PARTS]; /* owned */
	struct sqlite_mark marks[SQLITE_PARTS];
};

enum sqlite_fault {
	SQLITE_FILES_WHOLE,
	SQLITE_FILES_MOVED,  /* the database has lost its name, or its contents */
	SQLITE_FILES_LINKED, /* a file of the three has a second name */
	SQLITE_FILES_TORN,   /* the log or its index has lost its name, or its contents */
};

/* How SQLite is to close its last connection. */
enum sqlite_ending {
	SQLITE_END_USUAL, /* move the log into the database, remove log and index */
	SQLITE_END_SAVE,  /* move the log into the database, remove no name */
	SQLITE_END_LEAVE, /* write nothing more */
};

/* The name of PART of the database NAME, for free(). */
char *sqlite_files_name(const char *name, enum sqlite_part part) MUST_CHECK;

/* The folder that NAME is in, for free(). */
char *sqlite_files_folder(const char *name) MUST_CHECK;

/* The file that NAME leads to. False: none, errno says why. */
bool sqlite_files_look(const char *name, struct sqlite_mark *mark) MUST_CHECK;

/* The file that FD is open on. */
bool sqlite_files_look_open(int fd, struct sqlite_mark *mark) MUST_CHECK;

/* Whether both are marks of one file. */
bool sqlite_files_same(const struct sqlite_mark *one, const struct sqlite_mark *other) MUST_CHECK;

/* Take the names that lead to the database NAME and its two companions now as those of FILES. */
void sqlite_files_note(struct sqlite_files *files, const char *name);
void sqlite_files_free(struct sqlite_files *files);

/*
 * Compare FILES with what their names lead to now. *LOG_SIZE is how long the log was after this
 * session's last statement; it never shrinks while its sessions are open, and is brought up to date.
 * REASON says what has happened.
 */
enum sqlite_fault sqlite_files_check(const struct sqlite_files *files, uint64_t *log_size,
				     struct text *reason) MUST_CHECK;

/* As check() of the log and its index. */
enum sqlite_fault sqlite_files_check_companions(const struct sqlite_files *files,
						uint64_t *log_size, struct text *reason) MUST_CHECK;

/* As check() of the index alone: before SQLite touches it, since it is mapped into memory. */
enum sqlite_fault sqlite_files_check_index(const struct sqlite_files *files,
					   struct text *reason) MUST_CHECK;

enum sqlite_ending sqlite_files_ending(const struct sqlite_files *files,
				       uint64_t log_size) MUST_CHECK;

#endif
