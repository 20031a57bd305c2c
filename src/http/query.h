/*
 * query -- the parameters of a request's target, and percent-encoding. Pure; any thread.
 */
#ifndef TICKR_HTTP_QUERY_H
#define TICKR_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

/* A parameter as it was sent: nothing is decoded, and no NUL ends it. */
struct query_parameter {
	const char *name;
	size_t name_len;
	const char *value; /* NULL: there is no "=" */
	size_t value_len;
};

/* Take the next parameter from *QUERY, which it moves. False: there is none. *QUERY may be NULL. */
bool query_next(const char **query, struct query_parameter *parameter) MUST_CHECK;

bool query_is_named(const struct query_parameter *parameter, const char *name) MUST_CHECK;

/* Return whether QUERY has a parameter NAME, with a value or without one. */
bool query_has(const char *query, const char *name) MUST_CHECK;

/* Add VALUE, which came from outside, between quotes. Cut it if it is long. */
void query_add_quoted(struct text *problem, const char *value, size_t len);

/*
 * Read the parameter NAME of QUERY, which is one of two WORDS, and set *CHOICE to 0 or 1. Without the parameter
 * *CHOICE stays as it is. If there are several, each must be allowed, and the last one counts. Return false
 * with the allowed words in PROBLEM.
 */
bool query_choose(const char *query, const char *name, const char *const words[2], unsigned *choice,
		  struct text *problem) MUST_CHECK;

/* How a "+" is decoded. */
enum query_plus {
	QUERY_PLUS_IS_ITSELF, /* in a path */
	QUERY_PLUS_IS_BLANK   /* in a query, as forms encode it */
};

/*
 * Decode the percent-encoded bytes at ENCODED. Write the first SIZE of the decoded bytes to DECODED, and the
 * number of all of them to *DECODED_LEN. False: a "%" is not followed by two hexadecimal digits.
 */
bool query_decode(const char *encoded, size_t len, enum query_plus plus, char *decoded, size_t size,
		  size_t *decoded_len) MUST_CHECK;

#endif
