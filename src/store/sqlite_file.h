/*
 * sqlite_file -- the file below a database of SQLite's: whether it can be used, and that it is ours.
 *
 * A process claims a file once and holds it to its end, over all sessions: no other
 * tickrd can claim it meanwhile (the kernel lets go of it however the process ends), no
 * other file can take its place, and its counter cannot go back unseen. Any thread; used
 * by the sqlite store's files only.
 */
#ifndef TICKR_STORE_SQLITE_FILE_H
#define TICKR_STORE_SQLITE_FILE_H

#include "store/store.h"

struct sqlite_file;

/* Whether PATH can be written, and files beside it; a missing one is no fault if MAY_BE_MISSING. */
bool sqlite_file_is_usable(const char *path, bool may_be_missing, struct text *reason) MUST_CHECK;

/* STORE_OK: *FILE stands for PATH until sqlite_files_release(). Else STORE_REFUSED. */
enum store_result sqlite_file_claim(const char *path, struct sqlite_file **file,
				    struct text *reason);

/* The highest base that any session of this process has seen in FILE. */
uint64_t sqlite_file_newest(const struct sqlite_file *file);
void sqlite_file_note_newest(struct sqlite_file *file, uint64_t base);

/* As warn() of the store, where the file is in a bad place. */
void sqlite_file_warn(const char *path, struct text *warnings);

/* Give all files back; the last session has been closed. */
void sqlite_files_release(void);

#endif
