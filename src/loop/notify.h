/*
 * notify -- sends the server's state to the service manager, if there is one. systemd's protocol:
 * datagrams to the socket that NOTIFY_SOCKET names. Any thread; it never waits.
 */
#ifndef TICKR_LOOP_NOTIFY_H
#define TICKR_LOOP_NOTIFY_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

/*
 * Send STATE, as in sd_notify(3): "READY=1", "STOPPING=1", "WATCHDOG=1". Return false if the manager's
 * queue is full: then send STATE again later. Without a manager it does nothing.
 */
bool notify_send(const char *state);

/* A notifier sends a state until the manager has taken it. A newer state replaces an older one. Loop thread. */
struct notifier;

struct notifier *notifier_new(struct event_base *base) MUST_CHECK;
void notifier_tell(struct notifier *notifier, const char *state); /* STATE outlives it */
void notifier_free(struct notifier *notifier);

/* Return within how many milliseconds the manager expects each WATCHDOG=1; 0: it expects none. */
uint64_t notify_watchdog_ms(void);

#endif
