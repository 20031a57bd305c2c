#include <stdlib.h>

#include "base/memory.h"
#include "loop/loop.h"
#include "loop/notify.h"
#include "watchdog.h"

struct watchdog {
	struct workers *workers;
	struct event *timer;
	uint64_t period_ms;
};

static void
watchdog_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct watchdog *watchdog = arg;

	(void)fd;
	(void)what;
	watchdog_start(watchdog);
}

struct watchdog *
watchdog_new(struct event_base *base, struct workers *workers, uint64_t period_ms)
{
	struct watchdog *watchdog = xcalloc(1, sizeof(*watchdog));

	watchdog->workers = workers;
	watchdog->timer = loop_event_new(base, -1, 0, watchdog_on_timer, watchdog);
	watchdog->period_ms = period_ms;
	return watchdog;
}

void
watchdog_start(struct watchdog *watchdog)
{
	if (watchdog->period_ms == 0)
		return;
	loop_event_in(watchdog->timer, (unsigned)(watchdog->period_ms / 3));
	workers_ping(watchdog->workers);
}

void
watchdog_feed(void *arg)
{
	(void)arg;
	(void)notify_send("WATCHDOG=1"); /* the next one comes soon */
}

void
watchdog_stop(struct watchdog *watchdog)
{
	event_del(watchdog->timer);
}

void
watchdog_free(struct watchdog *watchdog)
{
	event_free(watchdog->timer);
	free(watchdog);
}
