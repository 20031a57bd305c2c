/*
 * sigv4 -- signs requests to an object store: AWS Signature Version 4. Pure; any thread.
 *
 * The caller writes the path and the query with the two functions below and sends exactly these bytes: the
 * signature covers them. S3 does not encode a path twice, and neither does this file.
 */
#ifndef TICKR_EVENTS_SIGV4_H
#define TICKR_EVENTS_SIGV4_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/attributes.h"
#include "base/text.h"

#define SIGV4_HASH_SIZE 65 /* SHA-256 in lower-case hexadecimal digits, and a NUL */
#define SIGV4_TIME_SIZE 17 /* 20130524T000000Z, and a NUL */

struct sigv4_credentials {
	const char *access_key;
	const char *secret_key;
	const char *region;  /* "us-east-1" */
	const char *service; /* "s3" */
};

struct sigv4_pair {
	const char *name;
	const char *value;
};

struct sigv4_request {
	const char *method;
	const char *path;  /* as sigv4_add_path() writes it; "/" at least */
	const char *query; /* as sigv4_add_query() writes it; "": none */
	/*
	 * The headers to sign, "host" and "x-amz-date" among them: names in lower case, in the order of strcmp().
	 * A value neither begins nor ends with a blank, and has no two blanks together.
	 */
	const struct sigv4_pair *headers;
	size_t header_count;
	const char *payload_hash; /* of the body, by sigv4_hash(); also for an empty body */
	const char *time;	  /* by sigv4_time(); the same as in "x-amz-date" */
};

/* Add PATH, whose bytes are not encoded. Letters, digits, "-_.~" and slashes stay. Others become %XX. */
void sigv4_add_path(struct text *text, const char *path);

/* Add the COUNT pairs as a query, "a=b&c=d", encoded and in the order that the signature needs. Sorts PAIRS. */
void sigv4_add_query(struct text *text, struct sigv4_pair *pairs, size_t count);

/* Write NOW as the signature and "x-amz-date" have it. */
void sigv4_time(char time[SIGV4_TIME_SIZE], time_t now);

void sigv4_hash(const void *bytes, size_t size, char hash[SIGV4_HASH_SIZE]);

/* Add the value of the header Authorization. */
void sigv4_authorize(struct text *header, const struct sigv4_credentials *credentials,
		     const struct sigv4_request *request);

#endif
