/*
 * signals -- takes the signals of the process in a thread of its own, and ends a stop in time.
 *
 * The thread takes every signal that could end the process, from the start until the end. So a signal
 * has its effect even if the other threads hang.
 *
 *	            SIGTERM, SIGINT, SIGQUIT            time is up
 *	starting    end with 0: nothing serves yet      -
 *	serving     order the stop                      -
 *	stopping    end with 1                          end with 0
 *
 * The thread ignores all other signals, with a line in the log. Call from the main thread.
 */
#ifndef TICKR_SIGNALS_H
#define TICKR_SIGNALS_H

#include <stdint.h>

#include "base/attributes.h"
#include "loop/mailbox.h"

struct signals;

struct signal_orders {
	struct mailbox *mailbox;
	/* Stop the server. Runs once, in the loop of the mailbox. NAME is that of the signal. */
	void (*stop)(void *arg, const char *name);
	/* End the process. Runs in the thread of the signals, whatever the main thread does. */
	void (*leave)(void *arg, int status);
	void *arg;
	uint64_t longest_stop_ms; /* from the signal until leave() is called with 0 */
	uint64_t
		watchdog_ms; /* between two pings of the service manager during a stop; 0: no pings */
};

/* Start the thread. Call before there are other threads. NULL, with errno: there can be no thread. */
struct signals *signals_new(void) MUST_CHECK;

/* The start is over: from now on a stop is an order to a loop, which may begin to run later. */
void signals_serve(struct signals *signals, const struct signal_orders *orders);

/* End the thread. Afterwards no signal does anything. */
void signals_free(struct signals *signals);

#endif
