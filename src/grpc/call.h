/*
 * call -- one call of a method, from the head of its request to its status. Loop thread.
 *
 * A call belongs to its stream and, while it asks a source for ids, to that source too. It is freed when neither
 * has it any more:
 *
 *	head, messages --> handler --> [call_asks() .. call_takes_answer()] --> call_reply() or call_fail()
 *			     |						    ^
 *			     '-- the client cancels, or the deadline passes --------'  the ids become a gap
 *
 * Each call ends in call_end(), once, whatever ended it.
 */
#ifndef TICKR_GRPC_CALL_H
#define TICKR_GRPC_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/attributes.h"
#include "events/ring.h"
#include "front/front.h"
#include "front/outcome.h"
#include "front/stores.h"
#include "grpc/buffer.h"
#include "grpc/connection.h"
#include "grpc/head.h"
#include "grpc/method.h"
#include "metrics/metrics.h"
#include "ticket/sequence_name.h"

#define GRPC_MOST_MESSAGE 65536 /* bytes of a request */
#define GRPC_PREFIX_SIZE  5	/* before each message: a flag and its length */

#define CALL_INPUT_SIZE	 320 /* most requests fit */
#define CALL_OUTPUT_SIZE 96  /* most answers fit */

enum call_phase {
	CALL_READS, /* its request is incomplete */
	CALL_WORKS, /* its request is complete, and a handler has it */
	CALL_ENDED, /* its status is known */
};

struct grpc_call {
	LIST_ENTRY(grpc_call) link;
	struct grpc_connection *connection; /* NULL: it has closed */
	int32_t stream_id;
	enum call_phase phase;
	bool is_open;	   /* nghttp2 has its stream */
	bool has_response; /* nghttp2 has its head, and takes its messages */
	bool is_asking;	   /* a source will answer */
	struct grpc_head head;
	uint64_t began_us;
	uint64_t ended_ms;	/* CALL_ENDED */
	struct event *deadline; /* NULL: none is needed yet */

	/* How it ended: */
	enum grpc_code code;
	char *message; /* percent-encoded; NULL: none */
	struct front_issued issued;
	unsigned record_status; /* of HTTP, for the record; 0: as CODE says */
	struct event_wait kept; /* of an answer that waits for its record */
	bool is_recorded;
	const char *words; /* why the call fails, during its end; NULL: nothing */
	size_t answer_len; /* of that answer */

	struct grpc_buffer input, output;
	uint64_t held;	   /* bytes of the server's limit of large answers */
	uint64_t buffered; /* bytes of the server's limit of incomplete requests */

	/* For the handlers: */
	LIST_ENTRY(grpc_call) watch_link;
	bool is_watching;
	int watched; /* the last status that was sent; -1: none */
	char *watched_service;
	union {
		struct ticket_request request;
		struct front_create create;
		struct front_look look;
	};
	enum batch_format format;
	const struct front_store *store; /* of the sequence */

	/* Not zeroed. */
	char asked_name
		[SEQUENCE_NAME_MOST]; /* of the sequence, as far as a record has room for it */
	unsigned char input_memory[CALL_INPUT_SIZE];
	unsigned char output_memory[CALL_OUTPUT_SIZE];
};

/* --- for handlers ------------------------------------------------------------------------------- */

const struct ticket_service *call_service(const struct grpc_call *call);

/* A source will answer CALL. Call this before asking, because it may answer immediately. */
void call_asks(struct grpc_call *call);

/*
 * Note that the source answers. False: no client waits any more, so the ids become a gap, and CALL may be freed.
 * Otherwise the handler replies.
 */
bool call_takes_answer(struct grpc_call *call) MUST_CHECK;

/* Reserve memory for an answer of SIZE bytes. False: too many large answers wait for clients to read them. */
bool call_hold(struct grpc_call *call, size_t size) MUST_CHECK;

/* Return room for a message of at most SIZE bytes. Write it, and call one of the two functions below. */
unsigned char *call_room(struct grpc_call *call, size_t size) MUST_CHECK;
void call_send(struct grpc_call *call, size_t len);  /* the method streams; others may follow */
void call_reply(struct grpc_call *call, size_t len); /* and end the call */

/* End the call. MESSAGE says why, and what to do; "": nothing. */
void call_fail(struct grpc_call *call, enum grpc_code code, const char *message);

/* The same, with the code of OUTCOME or STATUS. Failures of the server are logged for the operator. */
void call_fail_outcome(struct grpc_call *call, enum front_outcome outcome, const char *reason);
void call_fail_status(struct grpc_call *call, enum ticket_status status, const char *reason);

/* End CALL, whose request is not gRPC, with the HTTP status STATUS. */
void call_reject(struct grpc_call *call, const char *status, const char *message);

/* Bytes of answers that nghttp2 has not taken. */
size_t call_unsent(const struct grpc_call *call);

/* --- for connections ---------------------------------------------------------------------------- */

struct grpc_call *call_new(struct grpc_connection *connection, int32_t stream_id) MUST_CHECK;

/* The head of the request is complete. */
void call_begin(struct grpc_call *call);

/* Bytes of messages arrived. */
void call_take(struct grpc_call *call, const unsigned char *bytes, size_t len);

/* The request is complete. */
void call_complete(struct grpc_call *call);

/* Free the memory of the request, which was handled or refused. */
void call_drop_request(struct grpc_call *call);

/* The stream has closed. CALL may be freed. */
void call_forget(struct grpc_call *call);

/* The connection closes. CALL is freed, or waits for its source alone. */
void call_orphan(struct grpc_call *call);

/* End or reset the call if its request takes too long to arrive, or its answer to be read. */
void call_sweep(struct grpc_call *call, uint64_t now_ms);

#endif
