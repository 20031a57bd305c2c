/*
 * outcome -- how a request ended, for all protocols. Pure; any thread.
 *
 * The statuses of reservations and the answers of the directory become outcomes, and an outcome becomes the code
 * of a protocol. This is the one place that decides this.
 */
#ifndef TICKR_FRONT_OUTCOME_H
#define TICKR_FRONT_OUTCOME_H

#include <stdbool.h>

#include "base/attributes.h"
#include "directory/directory.h"
#include "metrics/metrics.h"
#include "ticket/status.h"

enum front_outcome {
	FRONT_OK,
	FRONT_BAD_REQUEST, /* the client must ask in another way */
	FRONT_NOT_FOUND,   /* there is no such sequence; the operator may make it */
	FRONT_RETIRED,	   /* it issues no ids any more */
	FRONT_TOO_FAST,	   /* too many sequences are made, or ids scrambled, in this second */
	FRONT_EXHAUSTED,   /* it has no ids left */
	FRONT_UNAVAILABLE, /* a database is down, or must not be trusted; a retry may succeed */
	FRONT_FULL,	   /* there are as many sequences as there may be */
	FRONT_OUTCOMES
};

enum front_outcome front_outcome_of_status(enum ticket_status status) MUST_CHECK;

/* RESULT is not UNKNOWN: then the database decides. */
enum front_outcome front_outcome_of_name(enum directory_result result) MUST_CHECK;

/* The status code of HTTP. */
int front_outcome_http(enum front_outcome outcome) MUST_CHECK;

/* The status code of gRPC. */
enum grpc_code front_outcome_grpc(enum front_outcome outcome) MUST_CHECK;

/* Whether the same request may succeed a second later. */
bool front_outcome_may_retry(enum front_outcome outcome) MUST_CHECK;

#endif
