/*
 * DESIGN. Authors append lines to `waiting` under the mutex. The thread copies `waiting` to a second
 * buffer and writes from there without the mutex. Each line is one write(2), which is atomic on a
 * pipe: lines of other processes do not mix with ours.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_writer.h"

#define WAITING_SIZE 65536
#define DIRECT_MS    500 /* an author's wait for a reader that hangs, without the thread */
#define RETRY_MS     10
#define NO_READER    "standard error was not read"

/* At file scope, because the process has one standard error. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t added;
	pthread_cond_t idle;
	atomic_bool has_thread;
	bool is_writing;
	char waiting[WAITING_SIZE];
	size_t len;	     /* of the lines in waiting */
	uint64_t unreported; /* lines dropped since the last note */
	int error;	     /* the errno of the last of these; 0: there was no room */
} writer = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static _Atomic uint64_t dropped;
static atomic_bool
	is_stuck; /* a line was not read within DIRECT_MS, so further lines do not wait */

/* --- standard error ------------------------------------------------------------------------------ */

static bool
log_writer_stderr_is_ready(int ms)
{
	struct pollfd fd = {STDERR_FILENO, POLLOUT, 0};

	return poll(&fd, 1, ms) > 0;
}

/* Wait for room in standard error, on which a process that shares it has set O_NONBLOCK. */
static void
log_writer_wait_for_stderr(void)
{
	static const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};

	(void)log_writer_stderr_is_ready(-1);
	nanosleep(&pause, NULL); /* poll() may report room where write() finds none */
}

/*
 * Write all of TEXT. Return false, with errno, if a write failed; *IS_CUT tells if a part was written.
 * Only the thread waits for a descriptor that does not block.
 */
static bool
log_writer_write_whole(const char *text, size_t len, bool *is_cut)
{
	*is_cut = false;
	while (len > 0) {
		ssize_t written = write(STDERR_FILENO, text, len);

		if (written > 0) {
			text += written;
			len -= (size_t)written;
			*is_cut = len > 0;
		} else if (written < 0 && errno == EAGAIN && writer.has_thread) {
			log_writer_wait_for_stderr();
		} else if (written == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* Count a dropped line. ERROR is the errno of its write, or 0 if there was no room. With the mutex held. */
static void
log_writer_count_dropped_locked(int error)
{
	atomic_fetch_add(&dropped, 1);
	writer.unreported++;
	writer.error = error;
}

static void
log_writer_count_dropped(int error)
{
	pthread_mutex_lock(&writer.mutex);
	log_writer_count_dropped_locked(error);
	pthread_mutex_unlock(&writer.mutex);
}

/* --- the thread ---------------------------------------------------------------------------------- */

/* Write LINE. End the line before it first if that one was cut. */
static bool
log_writer_write_line(const char *line, size_t len, bool *was_cut)
{
	bool is_cut;

	if (*was_cut && !log_writer_write_whole("\n", 1, &is_cut))
		return false;
	*was_cut = false;
	return log_writer_write_whole(line, len, was_cut);
}

static void
log_writer_write_lines(const char *lines, size_t len, bool *was_cut)
{
	while (len > 0) {
		size_t one = (size_t)((const char *)memchr(lines, '\n', len) - lines) + 1;

		if (!log_writer_write_line(lines, one, was_cut))
			log_writer_count_dropped(errno);
		lines += one;
		len -= one;
	}
}

/* Write how many lines are missing. If that fails too, the next note counts them again. */
static void
log_writer_write_note(log_note_fn *note, uint64_t count, int error, bool *was_cut)
{
	char line[LOG_LINE_SIZE];
	size_t len = note(line, count, error == 0 ? NO_READER : strerror(error));

	if (log_writer_write_line(line, len, was_cut))
		return;
	pthread_mutex_lock(&writer.mutex);
	writer.unreported += count;
	pthread_mutex_unlock(&writer.mutex);
}

/* Wait for lines, move them to LINES and return their length. */
static size_t
log_writer_take_lines(char *lines, uint64_t *missing, int *error)
{
	size_t len;

	pthread_mutex_lock(&writer.mutex);
	writer.is_writing = false;
	while (writer.len == 0) {
		pthread_cond_broadcast(&writer.idle);
		pthread_cond_wait(&writer.added, &writer.mutex);
	}
	len = writer.len;
	memcpy(lines, writer.waiting, len);
	writer.len = 0;
	writer.is_writing = true;
	*missing = writer.unreported;
	*error = writer.error;
	writer.unreported = 0;
	pthread_mutex_unlock(&writer.mutex);
	return len;
}

static void *
log_writer_main(void *arg)
{
	static char lines[WAITING_SIZE]; /* there is one such thread */
	log_note_fn *note = (log_note_fn *)arg;
	bool was_cut = false;

	for (;;) {
		uint64_t missing;
		int error;
		size_t len = log_writer_take_lines(lines, &missing, &error);

		log_writer_write_lines(lines, len, &was_cut);
		if (missing > 0)
			log_writer_write_note(note, missing, error, &was_cut);
	}
	return NULL;
}

bool
log_writer_start(log_note_fn *note)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	clock_cond_init(&writer.added);
	clock_cond_init(&writer.idle);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&thread, NULL, log_writer_main, (void *)note);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	if (error != 0)
		return false;
	pthread_detach(thread);
	writer.has_thread = true;
	return true;
}

/* --- authors ------------------------------------------------------------------------------------- */

static void
log_writer_write_directly(const char *line, size_t len)
{
	bool is_cut;

	if (!log_writer_stderr_is_ready(atomic_load(&is_stuck) ? 0 : DIRECT_MS)) {
		atomic_store(&is_stuck, true);
		log_writer_count_dropped(0);
	} else if (!log_writer_write_whole(line, len, &is_cut)) {
		log_writer_count_dropped(errno);
	}
}

void
log_writer_add(const char *line, size_t len)
{
	if (!writer.has_thread) {
		log_writer_write_directly(line, len);
		return;
	}
	pthread_mutex_lock(&writer.mutex);
	if (len <= WAITING_SIZE - writer.len) {
		memcpy(writer.waiting + writer.len, line, len);
		writer.len += len;
		pthread_cond_signal(&writer.added);
	} else {
		log_writer_count_dropped_locked(
			0); /* the full buffer wakes the thread, which writes a note */
	}
	pthread_mutex_unlock(&writer.mutex);
}

void
log_writer_flush(unsigned ms)
{
	struct timespec until = clock_moment(clock_ms() + ms);
	int result = 0;

	if (!writer.has_thread)
		return;
	pthread_mutex_lock(&writer.mutex);
	while ((writer.len > 0 || writer.is_writing) && result == 0)
		result = pthread_cond_timedwait(&writer.idle, &writer.mutex, &until);
	pthread_mutex_unlock(&writer.mutex);
}

uint64_t
log_writer_dropped(void)
{
	return atomic_load(&dropped);
}
