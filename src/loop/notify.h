/*
 * notify -- tells the service manager how we are, where there is one (systemd's
 * protocol: datagrams to the socket that NOTIFY_SOCKET names). Any thread; it never waits.
 */
#ifndef TICKR_LOOP_NOTIFY_H
#define TICKR_LOOP_NOTIFY_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

/*
 * Send STATE, as in sd_notify(3): "READY=1", "STOPPING=1", "WATCHDOG=1". False if the manager takes no
 * message just now: send it again later. Silent without a manager.
 */
bool notify_send(const char *state);

/* Sends states again until the manager has taken them. A newer state replaces an older one. Loop thread. */
struct notifier;

struct notifier *notifier_new(struct event_base *base) MUST_CHECK;
void notifier_tell(struct notifier *notifier, const char *state); /* STATE outlives it */
void notifier_free(struct notifier *notifier);

/* How often the manager wants to hear WATCHDOG=1, in milliseconds; 0: never. */
uint64_t notify_watchdog_ms(void);

#endif
