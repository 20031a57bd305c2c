/*
 * signals -- the signals of the process, in a thread of their own, and the end of a stop in time.
 *
 * The thread takes every signal that could end the process, from the start until the end. So a signal
 * counts whatever the other threads hang in.
 *
 *	            SIGTERM, SIGINT, SIGQUIT            time is up
 *	starting    end with 0: nothing serves yet      -
 *	serving     order the stop                      -
 *	stopping    end with 1                          end with 0
 *
 * All others are ignored, with a line in the log. Main thread, except where it says otherwise.
 */
#ifndef TICKR_SIGNALS_H
#define TICKR_SIGNALS_H

#include <stdint.h>

#include "base/attributes.h"
#include "loop/mailbox.h"

struct signals;

struct signal_orders {
	struct mailbox *mailbox;
	/* Runs in the loop of the mailbox, once: stop the server. NAME is the signal's. */
	void (*stop)(void *arg, const char *name);
	/* Runs in the thread of the signals, whatever the main thread does: end the process. */
	void (*leave)(void *arg, int status);
	void *arg;
	uint64_t longest_stop_ms; /* from the signal until leave() is called with 0 */
	uint64_t watchdog_ms; /* while stopping, how often the service manager is told; 0: never */
};

/* Before there are other threads. NULL, with errno, if the system gives no thread. */
struct signals *signals_new(void) MUST_CHECK;

/* The start is over: from now on a stop is an order to a loop, which need not run yet. */
void signals_serve(struct signals *signals, const struct signal_orders *orders);

/* End the thread. Afterwards no signal does anything. */
void signals_free(struct signals *signals);

#endif
