/*
 * loop -- an event loop of one thread, and what all loops share with the library.
 */
#ifndef TICKR_LOOP_LOOP_H
#define TICKR_LOOP_LOOP_H

#include <event2/event.h>

#include "base/attributes.h"

/* Once, before the first loop: the library's memory, its locks, its log. */
void loop_library_begin(void);
void loop_library_end(void);

/* At the start, when the system gives no descriptor and the log says so: the process ends with status 71. */
void loop_give_up(void) NORETURN;

/*
 * An event_base for one thread: without locks, and with the kernel told of changes once
 * a round. Nothing but a mailbox may touch it from another thread. The caller frees it
 * with event_base_free(). Gives up when the system has no descriptors left.
 */
struct event_base *loop_base_new(void) MUST_CHECK;

/*
 * An event of ours, for event_free(), before its base is freed. It cannot fail but for want of memory,
 * which ends the process.
 */
struct event *loop_event_new(struct event_base *base, int fd, short what, event_callback_fn cb,
			     void *arg) MUST_CHECK;

/* In its loop's thread: let the timer EVENT fire once, in MS milliseconds. */
void loop_event_in(struct event *event, unsigned ms);

#endif
