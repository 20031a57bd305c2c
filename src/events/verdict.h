/*
 * verdict -- decides what an answer of ClickHouse means for a batch. Pure; any thread.
 *
 * A batch keeps its token, so ClickHouse drops a repeat of it. So a batch may be sent again after any doubt.
 */
#ifndef TICKR_EVENTS_VERDICT_H
#define TICKR_EVENTS_VERDICT_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"

enum verdict {
	VERDICT_SENT,
	VERDICT_AGAIN, /* the server is busy, full or away: the same batch may succeed later */
	VERDICT_NEVER, /* the tables, the user or the batch are wrong: each repeat fails too */
};

/* HEADER_CODE: the LEN bytes of X-ClickHouse-Exception-Code; NULL: the answer has none. */
enum verdict verdict_of(unsigned http_status, const char *header_code, size_t len) MUST_CHECK;

/*
 * The same of the BODY of LEN bytes of an answer 200 without that header. ClickHouse answers an insert with an empty body,
 * or with the words of an exception that came late. Other bytes are not from ClickHouse: nobody knows about the batch.
 */
enum verdict verdict_of_body(const char *body, size_t len) MUST_CHECK;

/* Add the first words of the answer's BODY of LEN bytes, on one line, for the log. */
void verdict_add_words(const char *body, size_t len, struct text *text);

#endif
