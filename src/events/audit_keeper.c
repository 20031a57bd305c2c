#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "events/audit_keeper.h"
#include "events/gzip.h"

#define KEEPER_FIRST_RETRY_MS	1000
#define KEEPER_MOST_RETRY_MS	60000
#define KEEPER_SLOW_RETRY_MS	30000 /* after a failure that an operator must fix */
#define KEEPER_SLOWEST_RETRY_MS 300000
#define KEEPER_PAUSE_MS		10000 /* between two looks at the spool */
#define KEEPER_REASON_SIZE	512

struct audit_keeper {
	struct spool *spool;
	struct audit_bucket bucket;
	bool has_bucket;
	pthread_t thread;
	bool is_started;

	/* The thread's: */
	uint64_t retry_ms;    /* the present pause after a failure; 0: none failed */
	uint64_t next_put_ms; /* by clock_ms() */
	bool has_warned;      /* of a file that cannot be packed */

	struct {
		pthread_mutex_t mutex;
		pthread_cond_t changed;
		bool is_woken;
		uint64_t stop_ms;		 /* 0: no stop was ordered */
		bool is_ending;			 /* the thread has done its work */
		char reason[KEEPER_REASON_SIZE]; /* "": the bucket works */
	} shared;
};

/* --- repairing and packing --------------------------------------------------------------------------- */

static void
audit_keeper_warn(struct audit_keeper *keeper, const struct audit_name *name, enum audit_kind kind,
		  const char *reason)
{
	char memory[AUDIT_NAME_SIZE];
	struct text file = TEXT_OVER(memory);

	audit_name_add(name, kind, &file);
	if (!keeper->has_warned)
		log_warn("cannot finish an audit file", LOG_TEXT("reason", reason),
			 LOG_TEXT("file", memory));
	keeper->has_warned = true;
}

/* Cut the part after its last whole member. */
static bool
audit_keeper_cut(struct audit_keeper *keeper, const struct audit_name *name, uint64_t *len,
		 struct text *problem)
{
	int fd = spool_open_file(keeper->spool, name, AUDIT_TORN, O_RDWR);
	struct stat status;
	bool is_good;

	if (fd < 0) {
		text_add(problem, strerror(errno));
		return false;
	}
	is_good = gzip_whole_len(fd, len, problem);
	if (is_good &&
	    (fstat(fd, &status) != 0 || ftruncate(fd, (off_t)*len) != 0 || fsync(fd) != 0)) {
		text_add(problem, strerror(errno));
		is_good = false;
	}
	close(fd);
	if (is_good)
		spool_subtract(keeper->spool, (uint64_t)status.st_size - *len);
	return is_good;
}

static void
audit_keeper_repair(struct audit_keeper *keeper, const struct audit_name *name)
{
	char memory[KEEPER_REASON_SIZE];
	struct text problem = TEXT_OVER(memory);
	uint64_t len;
	bool is_good;

	if (!audit_keeper_cut(keeper, name, &len, &problem)) {
		audit_keeper_warn(keeper, name, AUDIT_TORN, memory);
		return;
	}
	is_good = len > 0 ? spool_rename(keeper->spool, name, AUDIT_TORN, AUDIT_FINISHED)
			  : spool_remove(keeper->spool, name, AUDIT_TORN);
	if (!is_good)
		audit_keeper_warn(keeper, name, AUDIT_TORN, strerror(errno));
}

/* Pack the lines of the file FROM into a new file, which is on the disk when it gets its name. */
static bool
audit_keeper_pack_into(struct audit_keeper *keeper, const struct audit_name *name, int from,
		       struct text *problem)
{
	int to = spool_open_file(keeper->spool, name, AUDIT_PACKING, O_WRONLY | O_CREAT | O_TRUNC);
	struct stat status;
	bool is_good;

	if (to < 0) {
		text_add(problem, strerror(errno));
		return false;
	}
	is_good = gzip_pack(from, to, problem);
	if (is_good && (fsync(to) != 0 || fstat(to, &status) != 0)) {
		text_add(problem, strerror(errno));
		is_good = false;
	}
	close(to);
	if (!is_good)
		return false;
	spool_add(keeper->spool, (uint64_t)status.st_size);
	if (spool_rename(keeper->spool, name, AUDIT_PACKING, AUDIT_FINISHED))
		return true;
	spool_subtract(keeper->spool, (uint64_t)status.st_size);
	text_add(problem, strerror(errno));
	return false;
}

/* The lines go only after the packed file has its name, and the packed file may be put only after the lines went. */
static void
audit_keeper_pack(struct audit_keeper *keeper, const struct audit_name *name)
{
	char memory[KEEPER_REASON_SIZE];
	struct text problem = TEXT_OVER(memory);
	bool is_packed = spool_has(keeper->spool, name, AUDIT_FINISHED);
	int from;

	if (!is_packed) {
		from = spool_open_file(keeper->spool, name, AUDIT_LINES, O_RDONLY);
		if (from < 0)
			text_add(&problem, strerror(errno));
		else
			is_packed = audit_keeper_pack_into(keeper, name, from, &problem);
		if (from >= 0)
			close(from);
	}
	if (is_packed && !spool_remove(keeper->spool, name, AUDIT_LINES))
		text_add(&problem, strerror(errno));
	if (problem.len > 0)
		audit_keeper_warn(keeper, name, AUDIT_LINES, memory);
}

static void
audit_keeper_each(struct audit_keeper *keeper, enum audit_kind kind,
		  void (*work)(struct audit_keeper *keeper, const struct audit_name *name))
{
	size_t count = 0;
	struct audit_name *names = spool_list(keeper->spool, kind, &count);

	for (size_t i = 0; i < count; i++)
		work(keeper, &names[i]);
	free(names);
}

/* --- putting ----------------------------------------------------------------------------------------- */

static void
audit_keeper_set_reason(struct audit_keeper *keeper, const char *reason)
{
	struct text copy;

	pthread_mutex_lock(&keeper->shared.mutex);
	copy = TEXT_OVER(keeper->shared.reason);
	text_add(&copy, reason);
	pthread_mutex_unlock(&keeper->shared.mutex);
}

static bool
audit_keeper_may_retry_soon(enum upload_failure failure)
{
	return failure == UPLOAD_FAILURE_UNREACHABLE || failure == UPLOAD_FAILURE_BUSY ||
	       failure == UPLOAD_FAILURE_CLOCK;
}

static const char *
audit_keeper_advice(enum upload_failure failure)
{
	switch (failure) {
	case UPLOAD_FAILURE_UNREACHABLE: return "the bucket cannot be reached (TICKR_AUDIT_S3_URL)";
	case UPLOAD_FAILURE_BUSY: return "the object store is busy or broken";
	case UPLOAD_FAILURE_CLOCK: return "the clock of this host or of the store is wrong: fix it";
	case UPLOAD_FAILURE_CREDENTIALS:
		return "the object store refuses the keys: check TICKR_AUDIT_S3_ACCESS_KEY, "
		       "TICKR_AUDIT_S3_SECRET_KEY and TICKR_AUDIT_S3_REGION";
	case UPLOAD_FAILURE_BUCKET:
		return "there is no such bucket: make it, or fix TICKR_AUDIT_S3_URL";
	case UPLOAD_FAILURE_OTHER:
	case UPLOAD_FAILURES: break;
	}
	return "the object store refuses the file";
}

static void
audit_keeper_fail(struct audit_keeper *keeper, enum upload_failure failure, const char *words)
{
	bool is_soon = audit_keeper_may_retry_soon(failure);
	uint64_t first_ms = is_soon ? KEEPER_FIRST_RETRY_MS : KEEPER_SLOW_RETRY_MS;
	uint64_t most_ms = is_soon ? KEEPER_MOST_RETRY_MS : KEEPER_SLOWEST_RETRY_MS;
	char memory[KEEPER_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	text_addf(&reason, "%s: %s", audit_keeper_advice(failure), words);
	if (keeper->retry_ms == 0)
		log_error("cannot upload an audit file", LOG_TEXT("reason", memory));
	keeper->retry_ms = 2 * keeper->retry_ms > first_ms ? 2 * keeper->retry_ms : first_ms;
	if (keeper->retry_ms > most_ms)
		keeper->retry_ms = most_ms;
	keeper->next_put_ms = clock_ms() + keeper->retry_ms;
	metrics_add(METRIC_AUDIT_UPLOAD_FAILURES + (enum metric)failure, 1);
	metrics_set(METRIC_AUDIT_UPLOAD_WORKS, 0);
	audit_keeper_set_reason(keeper, memory);
}

static void
audit_keeper_succeed(struct audit_keeper *keeper)
{
	metrics_add(METRIC_AUDIT_UPLOADS, 1);
	metrics_set(METRIC_AUDIT_UPLOAD_WORKS, 1);
	if (keeper->retry_ms == 0)
		return;
	log_info("audit files are uploaded again");
	keeper->retry_ms = 0;
	audit_keeper_set_reason(keeper, "");
}

/* Put the file NAME and remove it from the spool. */
static bool
audit_keeper_put(struct audit_keeper *keeper, const struct audit_name *name)
{
	char key_memory[2 * AUDIT_NAME_SIZE], memory[KEEPER_REASON_SIZE];
	struct text key = TEXT_OVER(key_memory), reason = TEXT_OVER(memory);
	enum upload_failure failure = UPLOAD_FAILURE_OTHER;
	int fd = spool_open_file(keeper->spool, name, AUDIT_FINISHED, O_RDONLY);
	struct stat status;
	bool is_put = false;

	audit_name_add_key(name, &key);
	if (fd < 0 || fstat(fd, &status) != 0)
		text_add(&reason, strerror(errno));
	else
		is_put = keeper->bucket.put(keeper->bucket.self, key_memory, fd,
					    (uint64_t)status.st_size, &failure, &reason);
	if (fd >= 0)
		close(fd);
	if (!is_put) {
		audit_keeper_fail(keeper, failure, memory);
		return false;
	}
	audit_keeper_succeed(keeper);
	if (!spool_remove(keeper->spool, name, AUDIT_FINISHED))
		audit_keeper_warn(keeper, name, AUDIT_FINISHED, strerror(errno));
	return true;
}

/* Show how many files wait, and since when the oldest one does. */
static void
audit_keeper_measure(struct audit_keeper *keeper, const struct audit_name *names, size_t count)
{
	uint64_t now_ms = (uint64_t)time(NULL) * 1000;
	uint64_t since_ms = count > 0 ? (names[0].hour + 1) * AUDIT_HOUR_MS : now_ms;

	metrics_set(METRIC_AUDIT_FILES_WAITING, count);
	metrics_set(METRIC_AUDIT_SPOOL_BYTES, spool_bytes(keeper->spool));
	metrics_set(METRIC_AUDIT_LATE_SECONDS, now_ms > since_ms ? now_ms - since_ms : 0);
}

static bool
audit_keeper_must_end(struct audit_keeper *keeper)
{
	uint64_t stop_ms;

	pthread_mutex_lock(&keeper->shared.mutex);
	stop_ms = keeper->shared.stop_ms;
	pthread_mutex_unlock(&keeper->shared.mutex);
	return stop_ms != 0 && clock_ms() >= stop_ms;
}

/* Put the finished files, the oldest first, until one fails. A file whose lines are still there is not complete. */
static void
audit_keeper_put_all(struct audit_keeper *keeper)
{
	size_t count = 0;
	struct audit_name *names = spool_list(keeper->spool, AUDIT_FINISHED, &count);

	audit_keeper_measure(keeper, names, count);
	for (size_t i = 0; keeper->has_bucket && i < count && !audit_keeper_must_end(keeper); i++) {
		if (spool_has(keeper->spool, &names[i], AUDIT_LINES))
			continue;
		if (clock_ms() < keeper->next_put_ms || !audit_keeper_put(keeper, &names[i]))
			break;
		audit_keeper_measure(keeper, names + i + 1, count - i - 1);
	}
	free(names);
}

/* --- the thread -------------------------------------------------------------------------------------- */

/* Wait for a file, for the time of the next attempt, or for the stop. Return whether the thread goes on. */
static bool
audit_keeper_wait(struct audit_keeper *keeper)
{
	uint64_t until_ms = clock_ms() + KEEPER_PAUSE_MS;
	struct timespec moment;
	bool goes_on;

	if (keeper->retry_ms > 0 && keeper->next_put_ms < until_ms)
		until_ms = keeper->next_put_ms;
	moment = clock_moment(until_ms);
	pthread_mutex_lock(&keeper->shared.mutex);
	while (!keeper->shared.is_woken && keeper->shared.stop_ms == 0)
		if (pthread_cond_timedwait(&keeper->shared.changed, &keeper->shared.mutex,
					   &moment) == ETIMEDOUT)
			break;
	keeper->shared.is_woken = false;
	goes_on = keeper->shared.stop_ms == 0;
	pthread_mutex_unlock(&keeper->shared.mutex);
	return goes_on;
}

static void
audit_keeper_work(struct audit_keeper *keeper)
{
	audit_keeper_each(keeper, AUDIT_TORN, audit_keeper_repair);
	audit_keeper_each(keeper, AUDIT_LINES, audit_keeper_pack);
	spool_measure_again(keeper->spool);
	audit_keeper_put_all(keeper);
}

static void *
audit_keeper_main(void *arg)
{
	struct audit_keeper *keeper = arg;

	do {
		audit_keeper_work(keeper);
	} while (audit_keeper_wait(keeper));
	audit_keeper_work(keeper); /* the files that the writers ended last */
	pthread_mutex_lock(&keeper->shared.mutex);
	keeper->shared.is_ending = true;
	pthread_cond_broadcast(&keeper->shared.changed);
	pthread_mutex_unlock(&keeper->shared.mutex);
	return NULL;
}

/* --- any thread -------------------------------------------------------------------------------------- */

struct audit_keeper *
audit_keeper_new(struct spool *spool, const struct audit_bucket *bucket)
{
	struct audit_keeper *keeper = xcalloc(1, sizeof(*keeper));

	keeper->spool = spool;
	keeper->has_bucket = bucket != NULL;
	if (bucket != NULL)
		keeper->bucket = *bucket;
	pthread_mutex_init(&keeper->shared.mutex, NULL);
	clock_cond_init(&keeper->shared.changed);
	metrics_set(METRIC_AUDIT_UPLOAD_WORKS, 1);
	return keeper;
}

bool
audit_keeper_start(struct audit_keeper *keeper)
{
	errno = pthread_create(&keeper->thread, NULL, audit_keeper_main, keeper);
	keeper->is_started = errno == 0;
	return keeper->is_started;
}

void
audit_keeper_wake(void *arg)
{
	struct audit_keeper *keeper = arg;

	pthread_mutex_lock(&keeper->shared.mutex);
	keeper->shared.is_woken = true;
	pthread_cond_signal(&keeper->shared.changed);
	pthread_mutex_unlock(&keeper->shared.mutex);
}

bool
audit_keeper_works(struct audit_keeper *keeper, struct text *problem)
{
	bool works;

	pthread_mutex_lock(&keeper->shared.mutex);
	works = keeper->shared.reason[0] == '\0';
	text_add(problem, keeper->shared.reason);
	pthread_mutex_unlock(&keeper->shared.mutex);
	return works;
}

/* Wait until the thread ends, at most until DEADLINE_MS. Return whether it does. */
static bool
audit_keeper_wait_for_end(struct audit_keeper *keeper, uint64_t deadline_ms)
{
	struct timespec moment = clock_moment(deadline_ms);
	bool is_over = false, is_ending;

	pthread_mutex_lock(&keeper->shared.mutex);
	while (!keeper->shared.is_ending && !is_over)
		is_over = pthread_cond_timedwait(&keeper->shared.changed, &keeper->shared.mutex,
						 &moment) == ETIMEDOUT;
	is_ending = keeper->shared.is_ending;
	pthread_mutex_unlock(&keeper->shared.mutex);
	return is_ending;
}

void
audit_keeper_stop(struct audit_keeper *keeper, uint64_t deadline_ms)
{
	if (!keeper->is_started)
		return;
	pthread_mutex_lock(&keeper->shared.mutex);
	keeper->shared.stop_ms = deadline_ms > 0 ? deadline_ms : 1;
	pthread_cond_signal(&keeper->shared.changed);
	pthread_mutex_unlock(&keeper->shared.mutex);
	if (!audit_keeper_wait_for_end(keeper, deadline_ms) && keeper->has_bucket)
		keeper->bucket.stop(keeper->bucket.self);
	pthread_join(keeper->thread, NULL);
	keeper->is_started = false;
}

void
audit_keeper_free(struct audit_keeper *keeper)
{
	if (keeper == NULL)
		return;
	pthread_mutex_destroy(&keeper->shared.mutex);
	pthread_cond_destroy(&keeper->shared.changed);
	free(keeper);
}
