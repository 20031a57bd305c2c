/*
 * guard -- refuses requests whose end two readers could see in different places.
 *
 * libevent reads the framing loosely, and a proxy may read it otherwise. Then one of them reads bytes as
 * a body that the other reads as the next request. Pure; any thread.
 */
#ifndef TICKR_HTTP_GUARD_H
#define TICKR_HTTP_GUARD_H

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "base/attributes.h"

/*
 * Return a message about the fault in a request of METHOD in HTTP/MAJOR.MINOR with HEADERS. NULL: its
 * framing is sound. After a refusal the caller must close the connection.
 */
const char *guard_refuses(const struct evkeyvalq *headers, enum evhttp_cmd_type method, int major,
			  int minor) MUST_CHECK;

/* Return the same for TARGET, the text between the method and the version. */
const char *guard_refuses_target(const char *target) MUST_CHECK;

#endif
