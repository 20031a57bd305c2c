#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "loop/notify.h"

void
notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un manager = {.sun_family = AF_UNIX};
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(manager.sun_path))
		return;
	strcpy(manager.sun_path, path);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		manager.sun_path[0] = '\0'; /* an abstract socket */

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&manager, len) < 0)
		log_warn("the service manager cannot be told", "state=%s reason=\"%s\"", state,
			 strerror(errno));
	if (fd >= 0)
		close(fd);
}

static bool
get_number(const char *name, uint64_t *number)
{
	const char *value = getenv(name);

	return value != NULL && parse_number(value, strlen(value), UINT64_MAX, number);
}

uint64_t
notify_watchdog_ms(void)
{
	uint64_t us, pid;

	if (!get_number("WATCHDOG_USEC", &us))
		return 0;
	if (get_number("WATCHDOG_PID", &pid) && pid != (uint64_t)getpid())
		return 0;
	return us / 1000;
}
