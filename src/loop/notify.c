#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/parse.h"
#include "loop/loop.h"
#include "loop/notify.h"

#define TELL_AGAIN_MS 100

bool
notify_send(const char *state)
{
	bool is_full = false;
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un manager = {.sun_family = AF_UNIX};
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(manager.sun_path))
		return true;
	strcpy(manager.sun_path, path);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		manager.sun_path[0] = '\0'; /* an abstract socket */

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
			     (struct sockaddr *)&manager, len) < 0) {
		is_full = fd >= 0 && errno == EAGAIN;
		if (!is_full)
			log_warn("cannot notify the service manager", LOG_WORD("state", state),
				 LOG_TEXT("reason", strerror(errno)));
	}
	if (fd >= 0)
		close(fd);
	return !is_full;
}

/* --- sending again ------------------------------------------------------------------------------- */

struct notifier {
	const char *untold; /* NULL: the manager has taken all states */
	struct event *again;
};

static void
notify_on_again(evutil_socket_t fd, short what, void *arg)
{
	struct notifier *notifier = arg;

	(void)fd;
	(void)what;
	notifier_tell(notifier, notifier->untold);
}

struct notifier *
notifier_new(struct event_base *base)
{
	struct notifier *notifier = xcalloc(1, sizeof(*notifier));

	notifier->again = loop_event_new(base, -1, 0, notify_on_again, notifier);
	return notifier;
}

void
notifier_tell(struct notifier *notifier, const char *state)
{
	event_del(notifier->again);
	notifier->untold = state;
	if (!notify_send(state))
		loop_event_in(notifier->again, TELL_AGAIN_MS);
}

void
notifier_free(struct notifier *notifier)
{
	event_free(notifier->again);
	free(notifier);
}

/* --- the watchdog ---------------------------------------------------------------------------- */

static bool
notify_read_number(const char *name, uint64_t *number)
{
	const char *value = getenv(name);

	return value != NULL && parse_number(value, strlen(value), UINT64_MAX, number);
}

uint64_t
notify_watchdog_ms(void)
{
	uint64_t us, pid;

	if (!notify_read_number("WATCHDOG_USEC", &us))
		return 0;
	if (notify_read_number("WATCHDOG_PID", &pid) && pid != (uint64_t)getpid())
		return 0;
	return us / 1000;
}
