/*
 * head -- reads the head of a request, field by field. Pure; one thread at a time.
 */
#ifndef TICKR_GRPC_HEAD_H
#define TICKR_GRPC_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "grpc/method.h"

#define GRPC_MOST_HEAD	     16384 /* bytes of names and values, and 32 for each field */
#define HEAD_REQUEST_ID_SIZE 65

enum head_type { HEAD_NO_TYPE, HEAD_GRPC, HEAD_OTHER_TYPE };

#define HEAD_AGENT_SIZE	    65
#define HEAD_FORWARDED_SIZE 128

struct grpc_head {
	const struct grpc_method *method; /* NULL: there is no such method */
	enum head_type type;
	bool is_post;
	bool is_compressed; /* by an encoding that the server does not know */
	bool is_authorized; /* it has the password */
	bool has_timeout, is_timeout_bad;
	uint64_t timeout_us;
	size_t size;				 /* so far, of GRPC_MOST_HEAD */
	char request_id[HEAD_REQUEST_ID_SIZE];	 /* "": none */
	char agent[HEAD_AGENT_SIZE];		 /* user-agent, cut; "": none */
	char forwarded_for[HEAD_FORWARDED_SIZE]; /* the end of x-forwarded-for; "": none */
};

/*
 * Read a field. NAME and VALUE end in a NUL; the lengths are without it. PASSWORD: that of the server. Fields beyond
 * GRPC_MOST_HEAD are only counted, because compression lets a client send very many of them.
 */
void head_read(struct grpc_head *head, const char *name, size_t name_len, const char *value,
	       size_t value_len, const char *password);

/* Read the value of grpc-timeout, such as 100m. False: it is malformed. */
bool head_parse_timeout(const char *value, size_t len, uint64_t *us) MUST_CHECK;

#endif
