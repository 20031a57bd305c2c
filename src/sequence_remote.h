/*
 * sequence_remote -- sends commands on named sequences to a running server, over its control socket.
 *
 * Any thread. The functions block, for SEQUENCE_REMOTE_SECONDS at most.
 */
#ifndef TICKR_SEQUENCE_REMOTE_H
#define TICKR_SEQUENCE_REMOTE_H

#include <event2/buffer.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "config/address.h"
#include "sequence_registry.h"
#include "sequence_request.h"

#define SEQUENCE_REMOTE_SECONDS 60

/*
 * Whether a server listens at ADDRESS. False with an empty PROBLEM: no server does. False with a PROBLEM: it cannot
 * be reached.
 */
bool sequence_remote_is_there(const struct listen_address *address,
			      struct text *problem) MUST_CHECK;

/* As sequence_registry_run(), by the server at ADDRESS. Nothing is appended to OUT if the command fails. */
enum sequence_outcome sequence_remote_run(const struct listen_address *address,
					  const struct sequence_request *request,
					  struct evbuffer *out, struct text *problem) MUST_CHECK;

#endif
