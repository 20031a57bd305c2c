/*
 * requests -- makes random requests: sound ones, nonsense, and sound ones in odd pieces.
 */
#ifndef TICKR_SWARM_REQUESTS_H
#define TICKR_SWARM_REQUESTS_H

#include <stddef.h>

#include "answers.h"
#include "random.h"

#define MOST_REQUEST_BYTES 65536

struct request {
	struct asked asked;
	unsigned count; /* number of requests, with consecutive ids */
	char bytes[MOST_REQUEST_BYTES];
	size_t len;
	size_t pause_at; /* the place of a pause: between head and body, or anywhere */
	bool is_cut;	 /* it ends at PAUSE_AT, and the client sends nothing more */
};

/* Make a request whose X-Request-Id is CONNECTION.ID. */
void request_make(struct request *request, struct random *random, unsigned connection, unsigned id);

/*
 * Make many small requests. Their answers, while unread, nearly fill the buffers of the kernel for the
 * server.
 */
void request_make_burst(struct request *request, struct random *random, unsigned connection,
			unsigned id);

/* Make a create that waits for "100 Continue", and pauses before its small body. */
void request_make_expectant(struct request *request, unsigned connection, unsigned id);

#endif
