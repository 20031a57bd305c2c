/*
 * reply -- answers an exchange: writes the headers, counts, logs, and frees the exchange.
 *
 * Loop thread. EXCHANGE is gone after each function but reply_body() and those that
 * add to the body.
 */
#ifndef TICKR_HTTP_REPLY_H
#define TICKR_HTTP_REPLY_H

#include <event2/buffer.h>

#include "base/attributes.h"
#include "front/outcome.h"
#include "http/exchange.h"
#include "ticket/status.h"

/* Return the buffer for the body, which belongs to the request. Write the body before the reply. */
struct evbuffer *reply_body(struct exchange *exchange);

/* Add IDS to the body, in the format of the exchange. */
void reply_add_range(struct exchange *exchange, const struct ticket_range *ids);

/* Add the ids of BASES, of the Tickr sequence or of Snowflake ids. False: one of them has none. */
bool reply_add_bases(struct exchange *exchange, const struct ticket_space *space,
		     const struct ticket_range *bases) MUST_CHECK;

/* Answer 200 with the body, which is JSON. */
void reply_json(struct exchange *exchange);

/* Answer 200 with the body, which is of CONTENT_TYPE. */
void reply_text(struct exchange *exchange, const char *content_type);

/* Answer {"error":"..."} with the HTTP status CODE. */
void reply_error(struct exchange *exchange, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Answer the error of OUTCOME, which is not FRONT_OK. */
void reply_outcome(struct exchange *exchange, enum front_outcome outcome, const char *reason);

/* Answer the error of STATUS, which is not TICKET_OK. */
void reply_status(struct exchange *exchange, enum ticket_status status, const char *reason);

/* Answer 503 to a probe, without a reason and without a log line. */
void reply_unready(struct exchange *exchange);

/* Answer 401: the password is missing or wrong. */
void reply_unauthorized(struct exchange *exchange);

/* Answer 405, with the methods of the exchange's route. */
void reply_method_not_allowed(struct exchange *exchange);

/* Answer 400 and end the connection, because the next request may begin anywhere. */
void reply_bad_framing(struct exchange *exchange, const char *reason);

#endif
