#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "loop/notify.h"
#include "signals.h"

#define SAME_ORDER_MS \
	10	     /* a signal to the process and to its group within this time is one order */
#define GRACE_MS 250 /* lets the main thread, which knows more, report a stop that hangs first */
#define END	 SIGALRM

enum signals_state { SIGNALS_STARTING, SIGNALS_SERVING, SIGNALS_STOPPING };

struct signals {
	pthread_t thread;
	sigset_t taken;
	atomic_bool is_ending;
	struct log_limit ignored_lines;

	struct {
		pthread_mutex_t mutex;
		enum signals_state state;
		struct signal_orders orders; /* while not starting */
	} shared;

	/* The thread's own. */
	struct mail stop_order;
	const char *stop_name;
	uint64_t deadline_ms; /* UINT64_MAX: no stop is under way */
	uint64_t next_ping_ms;
};

static const char *
signals_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"},
		{SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGALRM, "SIGALRM"},
		{SIGPIPE, "SIGPIPE"}, {SIGXFSZ, "SIGXFSZ"}, {SIGXCPU, "SIGXCPU"},
		{SIGPROF, "SIGPROF"}, {SIGPOLL, "SIGIO"},   {SIGVTALRM, "SIGVTALRM"},
		{SIGPWR, "SIGPWR"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (names[i].number == number)
			return names[i].name;
	return number >= SIGRTMIN ? "a real-time signal" : "another signal";
}

/* --- a stop ---------------------------------------------------------------------------------- */

static void
signals_leave(struct signals *signals, int status)
{
	signals->shared.orders.leave(signals->shared.orders.arg, status);
}

static void
signals_open_stop_order(struct mail *mail)
{
	struct signals *signals = CONTAINER_OF(mail, struct signals, stop_order);

	signals->shared.orders.stop(signals->shared.orders.arg, signals->stop_name);
}

/* Drop the repetitions of the first signal: an order to a process and to its group arrives twice. */
static void
signals_drop_repetitions(void)
{
	const uint64_t until_ms = clock_ms() + SAME_ORDER_MS;
	sigset_t stops;
	uint64_t now_ms;

	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGQUIT);
	while ((now_ms = clock_ms()) < until_ms) {
		struct timespec rest = clock_moment(until_ms - now_ms);

		(void)!sigtimedwait(&stops, NULL, &rest);
	}
}

static void
signals_begin_stop(struct signals *signals, int number)
{
	const struct signal_orders *orders = &signals->shared.orders;

	signals->deadline_ms = clock_ms() + orders->longest_stop_ms + GRACE_MS;
	signals->next_ping_ms = clock_ms() + orders->watchdog_ms / 2;
	signals->stop_name = signals_name(number);
	signals->stop_order.open = signals_open_stop_order;
	signals_drop_repetitions();
	mailbox_post(orders->mailbox, &signals->stop_order);
}

static void
signals_on_stop_signal(struct signals *signals, int number)
{
	enum signals_state state;

	pthread_mutex_lock(&signals->shared.mutex);
	state = signals->shared.state;
	if (state == SIGNALS_SERVING)
		signals->shared.state = SIGNALS_STOPPING;
	pthread_mutex_unlock(&signals->shared.mutex);

	switch (state) {
	case SIGNALS_STARTING:
		log_info("stopped during the start", LOG_WORD("signal", signals_name(number)));
		log_flush();
		_exit(0);
	case SIGNALS_SERVING: signals_begin_stop(signals, number); break;
	case SIGNALS_STOPPING:
		log_warn("stopping immediately: received a second signal",
			 LOG_WORD("signal", signals_name(number)));
		signals_leave(signals, 1);
	}
}

/* --- the thread ------------------------------------------------------------------------------ */

static void
signals_on_signal(struct signals *signals, int number)
{
	uint64_t held_back;

	switch (number) {
	case SIGTERM:
	case SIGINT:
	case SIGQUIT: signals_on_stop_signal(signals, number); return;
	default: break;
	}
	if (!log_limit_allows(&signals->ignored_lines, clock_ms(), &held_back))
		return;
	if (number == SIGHUP)
		log_info("ignored SIGHUP: settings are read only at start");
	else
		log_info("ignored a signal", LOG_TEXT("signal", signals_name(number)),
			 LOG_NUMBER("number", number));
}

/* Feed the watchdog during a stop, and end the process at the deadline of the stop. */
static void
signals_on_time(struct signals *signals)
{
	const struct signal_orders *orders = &signals->shared.orders;
	uint64_t now_ms = clock_ms();

	if (now_ms >= signals->deadline_ms) {
		log_warn("drain timed out in a stop that hangs");
		signals_leave(signals, 0);
	}
	if (orders->watchdog_ms == 0 || now_ms < signals->next_ping_ms)
		return;
	signals->next_ping_ms = now_ms + orders->watchdog_ms / 2;
	(void)notify_send("WATCHDOG=1"); /* the next one comes soon */
}

/* Set PAUSE to the time that the thread may wait for a signal. False: it may wait for ever. */
static bool
signals_find_pause(const struct signals *signals, struct timespec *pause)
{
	uint64_t until_ms = signals->deadline_ms, now_ms = clock_ms();

	if (until_ms == UINT64_MAX)
		return false;
	if (signals->shared.orders.watchdog_ms > 0 && signals->next_ping_ms < until_ms)
		until_ms = signals->next_ping_ms;
	*pause = clock_moment(until_ms > now_ms ? until_ms - now_ms : 0);
	return true;
}

static void *
signals_main(void *arg)
{
	struct signals *signals = arg;

	while (!signals->is_ending) {
		struct timespec pause;
		int number = signals_find_pause(signals, &pause)
				     ? sigtimedwait(&signals->taken, NULL, &pause)
				     : sigwaitinfo(&signals->taken, NULL);

		if (signals->is_ending)
			break;
		if (number > 0)
			signals_on_signal(signals, number);
		if (signals->deadline_ms != UINT64_MAX)
			signals_on_time(signals);
	}
	return NULL;
}

/* --- birth and death ----------------------------------------------------------------------------- */

/*
 * Block the signals whose usual action ends the process, and set TAKEN to them. The signals by which the
 * kernel reports a fault of a thread stay as they are. Block SIGTTOU too, without taking it: a line to a
 * terminal must not stop the process.
 */
static void
signals_block(sigset_t *taken)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
	static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN};

	sigfillset(taken);
	for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
		sigdelset(taken, faults[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(harmless); i++)
		sigdelset(taken, harmless[i]);
	pthread_sigmask(SIG_BLOCK, taken, NULL);
	sigdelset(taken, SIGTTOU);
}

struct signals *
signals_new(void)
{
	struct signals *signals = xcalloc(1, sizeof(*signals));

	signals->deadline_ms = UINT64_MAX;
	pthread_mutex_init(&signals->shared.mutex, NULL);
	signals_block(&signals->taken);
	errno = pthread_create(&signals->thread, NULL, signals_main, signals);
	if (errno == 0)
		return signals;
	pthread_mutex_destroy(&signals->shared.mutex);
	free(signals);
	return NULL;
}

void
signals_serve(struct signals *signals, const struct signal_orders *orders)
{
	pthread_mutex_lock(&signals->shared.mutex);
	signals->shared.orders = *orders;
	signals->shared.state = SIGNALS_SERVING;
	pthread_mutex_unlock(&signals->shared.mutex);
}

void
signals_free(struct signals *signals)
{
	signals->is_ending = true;
	pthread_kill(signals->thread, END);
	pthread_join(signals->thread, NULL);
	pthread_mutex_destroy(&signals->shared.mutex);
	free(signals);
}
