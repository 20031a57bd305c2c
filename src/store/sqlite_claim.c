/*
 * DESIGN. A claim is an flock(2) on the database file itself. SQLite locks bytes of the file with fcntl(2); the
 * two kinds of lock do not see each other. On a file system where locks do not reach every process, the claim
 * also has an owner's file (sqlite_owner.c).
 *
 * A process that closes any descriptor of a file loses its fcntl locks on that file. So the claim opens its
 * descriptor once, and closes it after the last session, even if another process has the lock. To lock again
 * changes nothing.
 *
 * A turn is a mutex with a time-out. A session that closes waits for the disk. If the disk stalls, the other
 * sessions must not wait for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/sqlite_claim.h"
#include "store/sqlite_place.h"
#include "store/sqlite_settings.h"

static struct store_claim *
sqlite_claim_new(void)
{
	struct store_claim *claim = xcalloc(1, sizeof(*claim));

	pthread_mutex_init(&claim->mutex, NULL);
	clock_cond_init(&claim->is_over);
	pthread_mutex_init(&claim->writing.mutex, NULL);
	TAILQ_INIT(&claim->writing.line);
	claim->fd = -1;
	return claim;
}

void
sqlite_claim(struct store_settings *settings)
{
	struct sqlite_settings *own = settings->own;

	pthread_mutex_lock(&own->mutex);
	if (own->claims++ == 0)
		own->claim = sqlite_claim_new();
	settings->claim = own->claim;
	pthread_mutex_unlock(&own->mutex);
}

static void
sqlite_claim_free(struct store_claim *claim)
{
	sqlite_owner_drop(&claim->owner); /* before the lock is released */
	if (claim->fd >= 0)
		close(claim->fd);
	pthread_mutex_destroy(&claim->writing.mutex);
	pthread_cond_destroy(&claim->is_over);
	pthread_mutex_destroy(&claim->mutex);
	sqlite_files_free(&claim->files);
	free(claim);
}

/* The last one frees it with the mutex of the settings, so that the next claim finds the file free. */
void
sqlite_claim_release(struct store_settings *settings)
{
	struct sqlite_settings *own = settings->own;

	pthread_mutex_lock(&own->mutex);
	if (--own->claims == 0)
		sqlite_claim_free(settings->claim);
	pthread_mutex_unlock(&own->mutex);
	settings->claim = NULL;
}

/* --- turns ---------------------------------------------------------------------------------------- */

bool
sqlite_claim_begin_turn(struct store_claim *claim, unsigned timeout_s, struct text *reason)
{
	struct timespec until = clock_moment(clock_ms() + timeout_s * 1000ull);
	bool is_mine;
	int problem = 0;

	pthread_mutex_lock(&claim->mutex);
	while (claim->is_turn && problem == 0)
		problem = pthread_cond_timedwait(&claim->is_over, &claim->mutex, &until);
	is_mine = !claim->is_turn;
	claim->is_turn = true;
	pthread_mutex_unlock(&claim->mutex);
	if (!is_mine)
		text_addf(reason,
			  "another session of this database has waited for the disk for %u s: the "
			  "disk stalls",
			  timeout_s);
	return is_mine;
}

void
sqlite_claim_end_turn(struct store_claim *claim)
{
	pthread_mutex_lock(&claim->mutex);
	claim->is_turn = false;
	pthread_mutex_unlock(&claim->mutex);
	pthread_cond_signal(&claim->is_over);
}

/* --- writing -------------------------------------------------------------------------------------- */

struct sqlite_writer {
	TAILQ_ENTRY(sqlite_writer) link;
	pthread_cond_t changed;
	bool is_next; /* under the mutex: it has the file, and is out of the line */
};

/* With the mutex. */
static bool
sqlite_claim_wait_in_line(struct store_claim *claim, const struct timespec *until)
{
	struct sqlite_writer writer = {.is_next = false};
	int problem = 0;

	clock_cond_init(&writer.changed);
	TAILQ_INSERT_TAIL(&claim->writing.line, &writer, link);
	claim->writing.length++;
	while (!writer.is_next && problem == 0)
		problem = pthread_cond_timedwait(&writer.changed, &claim->writing.mutex, until);
	if (!writer.is_next)
		TAILQ_REMOVE(&claim->writing.line, &writer, link);
	claim->writing.length--;
	pthread_cond_destroy(&writer.changed);
	return writer.is_next;
}

bool
sqlite_claim_begin_write(struct store_claim *claim, unsigned timeout_s, struct text *reason)
{
	bool is_mine = true;

	pthread_mutex_lock(&claim->writing.mutex);
	if (claim->writing.is_taken) {
		struct timespec until = clock_moment(clock_ms() + timeout_s * 1000ull);

		is_mine = sqlite_claim_wait_in_line(claim, &until);
	}
	claim->writing.is_taken = true;
	pthread_mutex_unlock(&claim->writing.mutex);
	if (!is_mine)
		text_addf(
			reason,
			"another session of the database file has been writing for %u s: its disk "
			"stalls",
			timeout_s);
	return is_mine;
}

void
sqlite_claim_end_write(struct store_claim *claim)
{
	struct sqlite_writer *next;

	pthread_mutex_lock(&claim->writing.mutex);
	next = TAILQ_FIRST(&claim->writing.line);
	claim->writing.is_taken = next != NULL;
	if (next != NULL) {
		TAILQ_REMOVE(&claim->writing.line, next, link);
		next->is_next = true;
		pthread_cond_signal(&next->changed);
	}
	pthread_mutex_unlock(&claim->writing.mutex);
}

/* --- taking ----------------------------------------------------------------------------------------- */

static bool
sqlite_claim_open_file(struct store_claim *claim, const char *path, struct text *reason)
{
	struct sqlite_mark held, there;

	if (claim->fd < 0)
		claim->fd = open(path, O_RDWR | O_CLOEXEC);
	if (claim->fd < 0 || !sqlite_files_look_open(claim->fd, &held) ||
	    !sqlite_files_look(path, &there)) {
		text_addf(reason, "the database file %s cannot be opened: %s", path,
			  strerror(errno));
		return false;
	}
	if (sqlite_files_same(&held, &there))
		return true;
	text_addf(reason,
		  "%s is not the file that this tickrd began with. Bring that file back; or, if "
		  "this one cannot repeat a ticket, restart tickrd",
		  path);
	return false;
}

static bool
sqlite_claim_lock_file(struct store_claim *claim, const char *path, struct text *reason)
{
	if (flock(claim->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		text_addf(reason, "another tickrd serves from %s: use a file for each server",
			  path);
	else
		text_addf(reason, "%s cannot be locked: %s", path, strerror(errno));
	return false;
}

/* Return whether locks alone do not protect PATH, which exists. */
static bool
sqlite_claim_needs_owner(const char *path)
{
	struct sqlite_place place = sqlite_place_of(path);

	return !sqlite_place_has_locks(&place);
}

static bool
sqlite_claim_own(struct store_claim *claim, const char *path, bool has_lock, struct text *reason)
{
	char memory[8];
	struct text ignored = TEXT_OVER(memory);
	char *real;
	bool is_owner;

	if (claim->owner.name != NULL && sqlite_owner_is(&claim->owner, &ignored))
		return true;
	sqlite_owner_drop(&claim->owner);
	real = realpath(path, NULL); /* every name of the file must lead to the same owner's file */
	is_owner = sqlite_owner_take(&claim->owner, real != NULL ? real : path, has_lock, reason);
	free(real);
	return is_owner;
}

bool
sqlite_claim_take(struct store_claim *claim, const char *path, struct text *reason)
{
	return sqlite_claim_open_file(claim, path, reason) &&
	       sqlite_claim_lock_file(claim, path, reason) &&
	       (!sqlite_claim_needs_owner(path) || sqlite_claim_own(claim, path, true, reason));
}

bool
sqlite_claim_visit(struct store_claim *claim, const char *path, struct text *reason)
{
	char memory[8];
	struct text ignored = TEXT_OVER(memory);
	char *real, *folder;
	bool may, is_near;

	/* createdb will make a file that is missing, and no process can have locked it. */
	if (access(path, F_OK) != 0) {
		folder = sqlite_files_folder(path);
		may = !sqlite_claim_needs_owner(folder) ||
		      sqlite_claim_own(claim, path, false, reason);
		free(folder);
		return may;
	}
	if (!sqlite_claim_needs_owner(path))
		return true;
	if (!sqlite_claim_open_file(claim, path, reason))
		return false;
	if (sqlite_claim_lock_file(claim, path, &ignored))
		return sqlite_claim_own(claim, path, true, reason);
	real = realpath(path, NULL);
	is_near = sqlite_owner_is_near(real != NULL ? real : path, reason);
	free(real);
	return is_near;
}

/* --- joining -------------------------------------------------------------------------------------- */

static unsigned
sqlite_claim_count_sessions(struct store_claim *claim, int change)
{
	unsigned before;

	pthread_mutex_lock(&claim->mutex);
	before = claim->sessions;
	claim->sessions += (unsigned)change;
	pthread_mutex_unlock(&claim->mutex);
	return before;
}

static bool
sqlite_claim_are_whole(const struct store_claim *claim, struct text *reason)
{
	uint64_t log_size = 0;

	return sqlite_files_check(&claim->files, &log_size, reason) == SQLITE_FILES_WHOLE;
}

bool
sqlite_claim_may_join(struct store_claim *claim, struct text *reason)
{
	return sqlite_claim_count_sessions(claim, 0) == 0 || sqlite_claim_are_whole(claim, reason);
}

bool
sqlite_claim_join(struct store_claim *claim, const char *file, struct text *reason)
{
	if (sqlite_claim_count_sessions(claim, 0) == 0)
		sqlite_files_note(&claim->files, file);
	if (!sqlite_claim_are_whole(claim, reason))
		return false;
	sqlite_claim_count_sessions(claim, 1);
	return true;
}

void
sqlite_claim_leave(struct store_claim *claim)
{
	sqlite_claim_count_sessions(claim, -1);
}
