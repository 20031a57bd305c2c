/*
 * sqlite_claim -- the sessions of one database file share it: the file is theirs alone, and so are its companions.
 *
 * A claim is held over all sessions: no other tickrd can take the file meanwhile (the
 * kernel lets go of it however the process ends), and no other file can take its place.
 * Two pools of one process share the claim, since they share OWN of their settings.
 * Any thread; used by the sqlite store's files only.
 */
#ifndef TICKR_STORE_SQLITE_CLAIM_H
#define TICKR_STORE_SQLITE_CLAIM_H

#include <pthread.h>
#include <sys/queue.h>

#include "store/sqlite_files.h"
#include "store/sqlite_owner.h"
#include "store/store.h"

struct sqlite_writer;

struct store_claim {
	/* One session at a time opens, closes, or uses the fields below. The others wait, not for ever. */
	pthread_mutex_t mutex;
	pthread_cond_t is_over;
	bool is_turn; /* under the mutex */

	/* Sessions of this process write one after another, in the order in which they asked. */
	struct {
		pthread_mutex_t mutex;
		TAILQ_HEAD(, sqlite_writer) line;
		unsigned length; /* of the line */
		bool is_taken;
	} writing;

	/* In a turn: */
	int fd;			   /* of the file; -1: not opened yet */
	struct sqlite_owner owner; /* where locks alone are not enough */

	unsigned sessions; /* that have joined, under the mutex */
	/* Written by the first session that joins, and left alone until the last one has left. */
	struct sqlite_files files;
};

/* As claim() and release() of the store. */
void sqlite_claim(struct store_settings *settings);
void sqlite_claim_release(struct store_settings *settings);

/*
 * Wait for the turn, TIMEOUT_S seconds at most: a disk that stalls holds up the session that has it. False:
 * REASON says so. True: call sqlite_claim_end_turn().
 */
bool sqlite_claim_begin_turn(struct store_claim *claim, unsigned timeout_s,
			     struct text *reason) MUST_CHECK;
void sqlite_claim_end_turn(struct store_claim *claim);

/*
 * Wait until no other session of this process writes, TIMEOUT_S seconds at most. SQLite's own way to wait for another
 * writer is to sleep and to try again. False: REASON says so. True: call sqlite_claim_end_write().
 */
bool sqlite_claim_begin_write(struct store_claim *claim, unsigned timeout_s,
			      struct text *reason) MUST_CHECK;
void sqlite_claim_end_write(struct store_claim *claim);

/* --- in a turn ------------------------------------------------------------------------------------ */

/* Whether CLAIM has PATH from now on, or had it before: no other process does. */
bool sqlite_claim_take(struct store_claim *claim, const char *path, struct text *reason) MUST_CHECK;

/* Whether a command may use PATH: no server has it, or one whose locks this process sees. */
bool sqlite_claim_visit(struct store_claim *claim, const char *path,
			struct text *reason) MUST_CHECK;

/*
 * Whether the open sessions of CLAIM, if any, still have their files. A new session must have the
 * same ones.
 */
bool sqlite_claim_may_join(struct store_claim *claim, struct text *reason) MUST_CHECK;

/*
 * Count one session more, which is open on the file that SQLite calls FILE. False if the files of
 * the other sessions have lost their names: then close it.
 */
bool sqlite_claim_join(struct store_claim *claim, const char *file, struct text *reason) MUST_CHECK;

/* --- at any time ---------------------------------------------------------------------------------- */

/* A session that had joined is closed. */
void sqlite_claim_leave(struct store_claim *claim);

#endif
