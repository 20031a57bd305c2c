/*
 * method -- the table of methods.
 */
#ifndef TICKR_GRPC_METHOD_H
#define TICKR_GRPC_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "metrics/metrics.h"

struct grpc_call;

struct grpc_method {
	const char *path; /* with its slashes */
	enum metric_grpc_method metric;
	bool is_open;	 /* no password is needed */
	bool has_stream; /* of requests: each message is handled when it arrives */
	/* Handle a message of LEN bytes, which are valid until the function returns. */
	void (*handle)(struct grpc_call *call, const unsigned char *message, size_t len);
	/* has_stream: the client sends no further message. */
	void (*complete)(struct grpc_call *call);
};

/* Return the method of PATH; NULL: there is none. */
const struct grpc_method *method_find(const char *path, size_t len) MUST_CHECK;

#endif
