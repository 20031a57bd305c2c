#include <event2/thread.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"

static void
loop_log_libevent(int severity, const char *message)
{
	if (severity == EVENT_LOG_ERR)
		log_error("libevent", LOG_TEXT("message", message));
	else if (severity == EVENT_LOG_WARN)
		log_warn("libevent", LOG_TEXT("message", message));
	else
		log_debug("libevent", LOG_TEXT("message", message));
}

void
loop_give_up(void)
{
	log_flush();
	_exit(EX_OSERR);
}

/* libevent has logged the reason. ERROR is 1 for an error of the system; any other value is a bug. */
static void
loop_end_with_libevent(int error)
{
	log_flush();
	if (error != 1)
		abort();
	loop_give_up();
}

void
loop_library_begin(void)
{
	event_set_mem_functions(xmalloc, xrealloc, free);
	event_set_log_callback(loop_log_libevent);
	event_set_fatal_callback(loop_end_with_libevent);
	evthread_use_pthreads();
}

void
loop_library_end(void)
{
	libevent_global_shutdown();
}

struct event_base *
loop_base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	event_config_set_flag(config,
			      EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (base == NULL) {
		log_error("cannot create an event loop: too many open files?");
		loop_give_up();
	}
	return base;
}

struct event *
loop_event_new(struct event_base *base, int fd, short what, event_callback_fn cb, void *arg)
{
	struct event *event = event_new(base, fd, what, cb, arg);

	if (event == NULL)
		abort();
	return event;
}

void
loop_event_in(struct event *event, unsigned ms)
{
	struct timeval delay = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};

	event_add(event, &delay);
}
