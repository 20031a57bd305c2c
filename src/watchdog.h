/*
 * watchdog -- tells the service manager that the server lives, as long as all loops answer. Main thread.
 */
#ifndef TICKR_WATCHDOG_H
#define TICKR_WATCHDOG_H

#include <event2/event.h>
#include <stdint.h>

#include "base/attributes.h"
#include "workers.h"

struct watchdog;

/* Return a watchdog of WORKERS, which outlive it. The manager expects a message within each PERIOD_MS; 0: none. */
struct watchdog *watchdog_new(struct event_base *base, struct workers *workers,
			      uint64_t period_ms) MUST_CHECK;

/* Ping the loops now, and then three times in each period. */
void watchdog_start(struct watchdog *watchdog);

/* All loops have answered. It is worker_settings.pong of WORKERS, so it has the argument of that. */
void watchdog_feed(void *arg);

/* Send no further pings: during a stop the thread of the signals sends the messages, and has a deadline of its own. */
void watchdog_stop(struct watchdog *watchdog);

void watchdog_free(struct watchdog *watchdog);

#endif
