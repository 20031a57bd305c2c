/*
 * spec.proto.runtime.v1.Runtime: Layotto's GetNextId. Its checks come in Layotto's order, with Layotto's codes and
 * words, so that clients see the answers that they know. Trouble of a store differs: it is UNKNOWN there.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "grpc/handlers.h"
#include "grpc/message.h"
#include "grpc/recording.h"
#include "grpc/wire.h"
#include "proto/runtime.pb-c.h"
#include "ticket/sequence_name.h"
#include "ticket/snowflake_id.h"
#include "ticket/space.h"

#define PROBLEM_SIZE 512
#define KEY_FIELD    2
#define MOST_SHOWN   128 /* bytes of a name in a message */

static void
runtime_on_ids(struct front_create *create, const struct front_ids *ids)
{
	Spec__Proto__Runtime__V1__GetNextIdResponse response =
		SPEC__PROTO__RUNTIME__V1__GET_NEXT_ID_RESPONSE__INIT;
	struct grpc_call *call = CONTAINER_OF(create, struct grpc_call, create);
	uint64_t id;

	if (!call_takes_answer(call))
		return;
	if (ids->outcome != FRONT_OK) {
		call_fail_outcome(call, ids->outcome, ids->reason);
		return;
	}
	if (ids->space != NULL && !space_ticket(ids->space, ids->ids.first, &id)) {
		call_fail_outcome(call, FRONT_EXHAUSTED, SNOWFLAKE_EXHAUSTED);
		return;
	}
	if (ids->space == NULL)
		id = ids->scrambled != NULL ? ids->scrambled[0] : ids->ids.first;
	call->issued = front_issued_by(create, ids);
	response.next_id = (int64_t)id;
	message_reply(call, &response.base);
}

/* Find the store, and return GRPC_OK; or return the code with the PROBLEM of the request. */
static enum grpc_code
runtime_check(struct grpc_call *call, const Spec__Proto__Runtime__V1__GetNextIdRequest *request,
	      size_t key_len, struct text *problem)
{
	const Spec__Proto__Runtime__V1__SequencerOptions *options = request->options;
	const struct front_stores *stores = &call_service(call)->stores;

	if (stores->count == 0) {
		text_add(problem, "Sequencer store is not configured: the operator must set "
				  "TICKR_SEQUENCES");
		return GRPC_FAILED_PRECONDITION;
	}
	if (key_len == 0) {
		text_add(problem, "Key is empty in sequencer store ");
		text_add_cut(problem, request->store_name, MOST_SHOWN);
		return GRPC_INVALID_ARGUMENT;
	}
	if (options != NULL && options->increment != 0 && options->increment != 1) {
		text_add(problem, "options.Increment is illegal: it must be WEAK or STRONG");
		return GRPC_UNKNOWN;
	}
	if (strstr(request->key, "||") != NULL) {
		text_add(problem, "input key/keyPrefix '");
		text_add_cut(problem, request->key, MOST_SHOWN);
		text_add(problem, "' can't contain '||'");
		return GRPC_UNKNOWN;
	}
	call->store = front_stores_find(stores, request->store_name, strlen(request->store_name));
	if (call->store == NULL) {
		text_add(problem, "Sequencer store ");
		text_add_cut(problem, request->store_name, MOST_SHOWN);
		text_add(problem, " not found");
		front_stores_add_remedy(request->store_name, strlen(request->store_name), problem);
		return GRPC_INVALID_ARGUMENT;
	}
	if (key_len != strlen(request->key)) {
		text_add(problem, "the key has a NUL inside: keys have no control characters");
		return GRPC_INVALID_ARGUMENT;
	}
	return sequence_name_is_valid(request->key, key_len, SEQUENCE_NAME_MOST_ASKED, problem)
		       ? GRPC_OK
		       : GRPC_INVALID_ARGUMENT;
}

/* WEAK is what a request without options asks for, so a sequence that was declared strong stays strong. */
static void
runtime_ask(struct grpc_call *call, const Spec__Proto__Runtime__V1__GetNextIdRequest *request)
{
	bool is_strong =
		request->options != NULL &&
		request->options->increment ==
			SPEC__PROTO__RUNTIME__V1__SEQUENCER_OPTIONS__AUTO_INCREMENT__STRONG;

	call->create.wish = (struct front_wish){
		.order = is_strong ? FRONT_ORDER_STRONG : FRONT_ORDER_NOT_NAMED,
		.fallback = SEQUENCE_WEAK,
		.count = 1,
	};
	call->create.answer = runtime_on_ids;
	call_asks(call);
	front_create(call->store->front, &call->create, request->key, strlen(request->key));
}

void
runtime_get_next_id(struct grpc_call *call, const unsigned char *message, size_t len)
{
	Spec__Proto__Runtime__V1__GetNextIdRequest *request;
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	struct message_room room;
	enum grpc_code code;

	request = message_read(call, &room,
			       &spec__proto__runtime__v1__get_next_id_request__descriptor, message,
			       len);
	if (request == NULL)
		return;
	recording_note_name(call, request->key, strlen(request->key));
	code = runtime_check(call, request, wire_string_len(message, len, KEY_FIELD), &problem);
	if (code == GRPC_OK)
		runtime_ask(call, request);
	else
		call_fail(call, code, memory);
	message_free(&room, request);
}
