/*
 * sqlite_file -- the file below a database of SQLite's: whether it can be used, and that it is ours.
 *
 * A claim is held over all sessions: no other tickrd can take the file meanwhile (the
 * kernel lets go of it however the process ends), and no other file can take its place.
 * Any thread; used by the sqlite store's files only.
 */
#ifndef TICKR_STORE_SQLITE_FILE_H
#define TICKR_STORE_SQLITE_FILE_H

#include <pthread.h>
#include <sys/types.h>

#include "store/store.h"

/* Which file is the write-ahead log; its name may come to be another's. */
struct sqlite_log {
	char *name; /* the claim's */
	dev_t device;
	ino_t number;
};

struct store_claim {
	pthread_mutex_t mutex; /* also held to close a session */
	int fd;		       /* of the file, under the mutex; -1: not opened yet */
	unsigned sessions;     /* that are open, under the mutex */
	struct sqlite_log log; /* theirs, the same */
};

/* Whether PATH can be written, and files beside it; a missing one is no fault if MAY_BE_MISSING. */
bool sqlite_file_is_usable(const char *path, bool may_be_missing, struct text *reason) MUST_CHECK;

/* As claim() and release() of the store. */
void sqlite_file_claim(struct store_settings *settings);
void sqlite_file_release(struct store_settings *settings);

/* Whether CLAIM has PATH from now on, or had it before: no other process does. */
bool sqlite_file_take(struct store_claim *claim, const char *path, struct text *reason) MUST_CHECK;

/* Whether the sessions of CLAIM, if any, have their log yet: who opens one beside them must have the same. */
bool sqlite_file_may_join(struct store_claim *claim, struct text *reason) MUST_CHECK;

/*
 * One session more is open, on what SQLite calls FILE: *LOG is the log that it and all others of
 * CLAIM have, good as long as it is open. False where theirs has lost its name: then it may not stay.
 */
bool sqlite_file_join(struct store_claim *claim, const char *file, struct sqlite_log *log,
		      struct text *reason) MUST_CHECK;

/* A session that had joined is closed; with the mutex of CLAIM held. */
void sqlite_file_leave(struct store_claim *claim);

/* Whether LOG still has its name. */
bool sqlite_file_has_log(const struct sqlite_log *log, struct text *reason) MUST_CHECK;

#endif
