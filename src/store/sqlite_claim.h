/*
 * sqlite_claim -- reserves a database file, its log and its index for the sessions of one server.
 *
 * All sessions of a database share the claim. While it is held, no other tickrd can take the file, and no other
 * file can take its place. The kernel releases it however the process ends. Two pools of one process share the claim,
 * because they share OWN of their settings.
 *
 * Any thread. For the files of the sqlite store only.
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
	/* Only the session whose turn it is may open, close, or use the fields below. The others wait. */
	pthread_mutex_t mutex;
	pthread_cond_t is_over;
	bool is_turn; /* a session has its turn; under the mutex */

	/* The sessions of this process write one after another, in the order in which they asked. */
	struct {
		pthread_mutex_t mutex;
		TAILQ_HEAD(, sqlite_writer) line;
		unsigned length; /* of the line */
		bool is_taken;
	} writing;

	/* In a turn: */
	int fd;			   /* of the database file; -1: not open yet */
	struct sqlite_owner owner; /* on a file system whose locks are not enough */

	unsigned sessions; /* that have joined, under the mutex */
	/* Set by the first session that joins. Constant until the last one has left. */
	struct sqlite_files files;
};

/* As claim() and release() of the store. */
void sqlite_claim(struct store_settings *settings);
void sqlite_claim_release(struct store_settings *settings);

/*
 * Wait for the turn, at most TIMEOUT_S seconds. True: the caller must call sqlite_claim_end_turn(). False: the
 * session that has the turn still waits for its disk.
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

/* Take PATH for a server. True: CLAIM holds it now, and no other process does. */
bool sqlite_claim_take(struct store_claim *claim, const char *path, struct text *reason) MUST_CHECK;

/* Return whether a command may use PATH: no server has it, or one whose locks this process sees. */
bool sqlite_claim_visit(struct store_claim *claim, const char *path,
			struct text *reason) MUST_CHECK;

/*
 * Return whether the names of the files still lead to those that the sessions of CLAIM have open. A new session
 * must open the same files. True if there is no session.
 */
bool sqlite_claim_may_join(struct store_claim *claim, struct text *reason) MUST_CHECK;

/*
 * Add a session, for which SQLite has opened FILE. False: the files of the other sessions have lost their
 * names, and the caller must close the session.
 */
bool sqlite_claim_join(struct store_claim *claim, const char *file, struct text *reason) MUST_CHECK;

/* --- at any time ---------------------------------------------------------------------------------- */

/* Remove a session that had joined, after it is closed. */
void sqlite_claim_leave(struct store_claim *claim);

#endif
