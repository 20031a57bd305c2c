/*
 * etcd_call -- one call of etcd's gateway: authentication, endpoints, and what the answer means. Only the files of etcd
 * use it, in the thread of the client.
 */
#ifndef TICKR_REMOTE_ETCD_CALL_H
#define TICKR_REMOTE_ETCD_CALL_H

#include <jansson.h>

#include "remote/etcd.h"

struct etcd {
	struct web *web;
	size_t endpoints_count;
	uint64_t attempt_ms;
	uint64_t connect_ms;   /* 0: no limit of its own */
	char *user, *password; /* NULL: none */
	char *authorization; /* the header with the token; NULL: none yet; "": etcd asks for none */
};

/* Whether a second run of a request is harmless, so that the call may go on after an attempt without a clear answer. */
enum etcd_repeat { ETCD_ONCE, ETCD_AGAIN };

/*
 * Post REQUEST to PATH. ETCD_OK: the caller owns *ANSWER, an object. HEADER is filled as far as the answer has one.
 */
enum etcd_result etcd_call(struct etcd *etcd, const char *path, const json_t *request,
			   enum etcd_repeat repeat, uint64_t deadline_ms, json_t **answer,
			   struct etcd_header *header, struct text *reason) MUST_CHECK;

/* Ask for a token if etcd needs one and the client has none. HEADER is that of the answer. */
enum etcd_result etcd_authenticate(struct etcd *etcd, uint64_t deadline_ms,
				   struct etcd_header *header, struct text *reason) MUST_CHECK;

/* The present token is not valid any more. */
void etcd_forget_token(struct etcd *etcd);

#endif
