/*
 * loop -- an event loop of one thread, and the settings of libevent that all loops share. Main thread, unless a function
 * says otherwise.
 */
#ifndef TICKR_LOOP_LOOP_H
#define TICKR_LOOP_LOOP_H

#include <event2/event.h>

#include "base/attributes.h"

/* Prepare libevent's memory, locks and log. Call it once, before the first loop. */
void loop_library_begin(void);

/* Free libevent's globals, after the last loop was freed. */
void loop_library_end(void);

/* End the process with status 71. For the start: the system has no descriptor left, and the log says so. */
void loop_give_up(void) NORETURN;

/*
 * Return an event_base for one thread. It has no locks, and tells the kernel of changes once a round.
 * Other threads reach it through a mailbox only. The caller frees it with event_base_free(). If the
 * system has no descriptors left, the process ends.
 */
struct event_base *loop_base_new(void) MUST_CHECK;

/*
 * Return an event. The caller frees it with event_free() before BASE is freed. If there is no memory, the
 * process ends.
 */
struct event *loop_event_new(struct event_base *base, int fd, short what, event_callback_fn cb,
			     void *arg) MUST_CHECK;

/* Make the timer EVENT fire once, in MS milliseconds. In the thread of its loop. */
void loop_event_in(struct event *event, unsigned ms);

#endif
