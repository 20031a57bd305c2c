/*
 * reply -- the only place that answers: sets the headers, counts, logs, and frees the exchange.
 *
 * Loop thread. Each function answers EXCHANGE and is the end of it.
 */
#ifndef TICKR_HTTP_REPLY_H
#define TICKR_HTTP_REPLY_H

#include <event2/buffer.h>

#include "allocator/batch.h"
#include "base/attributes.h"
#include "http/exchange.h"

/*
 * A body is written into the exchange's output before the reply is sent. The buffer
 * belongs to the request.
 */
struct evbuffer *reply_body(struct exchange *exchange);

/* 200 with the body, which is JSON. */
void reply_json(struct exchange *exchange);

/* 200 with the body, of another CONTENT_TYPE. */
void reply_text(struct exchange *exchange, const char *content_type);

/* 200 with new tickets, which are counted: JSON. */
void reply_tickets(struct exchange *exchange, uint32_t count);

/* {"error":"..."} with the HTTP status CODE. */
void reply_error(struct exchange *exchange, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The error that STATUS, which is not TICKET_OK, means to a client. */
void reply_status(struct exchange *exchange, enum ticket_status status, const char *reason);

/* 503 to a probe: no detail, and no line in the log. */
void reply_unready(struct exchange *exchange);

void reply_unauthorized(struct exchange *exchange);
void reply_method_not_allowed(struct exchange *exchange);

/* 400, and the connection is closed, since nobody knows where the next request begins. */
void reply_bad_framing(struct exchange *exchange, const char *reason);

#endif
