/*
 * guard -- refuses requests whose end two readers could see in different places.
 *
 * The library is lax about framing, and a proxy in front may not be: what one takes for
 * a body the other takes for the next request. Pure; any thread.
 */
#ifndef TICKR_HTTP_GUARD_H
#define TICKR_HTTP_GUARD_H

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "base/attributes.h"

/*
 * What is wrong with a request of METHOD in HTTP/MAJOR.MINOR with HEADERS, for people;
 * NULL when its framing is sound. After a refusal the connection must be closed.
 */
const char *guard_refuses(const struct evkeyvalq *headers, enum evhttp_cmd_type method, int major,
			  int minor) MUST_CHECK;

/* The same for TARGET, what stands between the method and the version. */
const char *guard_refuses_target(const char *target) MUST_CHECK;

#endif
