/* tickr.v1.Sequences: the answers of /sequences/NAME/create and /sequences/NAME. */
#include <stddef.h>
#include <string.h>

#include "grpc/handlers.h"
#include "grpc/ids.h"
#include "grpc/message.h"
#include "grpc/recording.h"
#include "grpc/wire.h"
#include "ticket/sequence_name.h"
#include "ticket/snowflake_id.h"
#include "ticket/space.h"

#define PROBLEM_SIZE 512
#define NAME_FIELD   1 /* of both requests */

/* Find the store of a request. False: CALL has failed. */
static bool
sequences_take_store(struct grpc_call *call, const char *name)
{
	const struct front_stores *stores = &call_service(call)->stores;
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	if (stores->count == 0) {
		call_fail(call, GRPC_UNIMPLEMENTED,
			  "this server has no named sequences: the operator must set "
			  "TICKR_SEQUENCES");
		return false;
	}
	if (name[0] == '\0')
		name = FRONT_STORE_OWN;
	call->store = front_stores_find(stores, name, strlen(name));
	if (call->store != NULL)
		return true;
	text_add(&problem, "the store is ");
	text_add_quoted(&problem, name, FRONT_STORE_NAME_MOST);
	text_add(&problem, "; it must be one of ");
	front_stores_list(stores, &problem);
	front_stores_add_remedy(name, strlen(name), &problem);
	call_fail(call, GRPC_INVALID_ARGUMENT, memory);
	return false;
}

/* Return whether NAME can be the name of a sequence. If not, end CALL. */
static bool
sequences_take_name(struct grpc_call *call, const char *name, const unsigned char *message,
		    size_t len)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	if (wire_string_len(message, len, NAME_FIELD) != strlen(name))
		call_fail(call, GRPC_INVALID_ARGUMENT,
			  "the name of the sequence has a NUL inside: names have no control "
			  "characters");
	else if (!sequence_name_is_valid(name, strlen(name), SEQUENCE_NAME_MOST_ASKED, &problem))
		call_fail(call, GRPC_INVALID_ARGUMENT, memory);
	else
		return true;
	return false;
}

static bool
sequences_take_order(struct grpc_call *call, Tickr__V1__Order order)
{
	call->create.wish.fallback = SEQUENCE_STRONG;
	switch ((int)order) {
	case TICKR__V1__ORDER__ORDER_UNSPECIFIED:
		call->create.wish.order = FRONT_ORDER_NOT_NAMED;
		return true;
	case TICKR__V1__ORDER__ORDER_STRONG:
		call->create.wish.order = FRONT_ORDER_STRONG;
		return true;
	case TICKR__V1__ORDER__ORDER_WEAK: call->create.wish.order = FRONT_ORDER_WEAK; return true;
	}
	call_fail(call, GRPC_INVALID_ARGUMENT, "the order must be ORDER_STRONG or ORDER_WEAK");
	return false;
}

static void
sequences_on_ids(struct front_create *create, const struct front_ids *ids)
{
	struct grpc_call *call = CONTAINER_OF(create, struct grpc_call, create);

	if (!call_takes_answer(call))
		return;
	if (ids->outcome != FRONT_OK) {
		call_fail_outcome(call, ids->outcome, ids->reason);
		return;
	}
	call->issued = front_issued_by(create, ids);
	if (ids->space == NULL)
		ids_reply(call, &ids->ids, ids->scrambled);
	else if (!ids_reply_bases(call, ids->space, &ids->ids))
		call_fail_outcome(call, FRONT_EXHAUSTED, SNOWFLAKE_EXHAUSTED);
}

/* Take the request apart. False: CALL has failed. */
static bool
sequences_read(struct grpc_call *call, const Tickr__V1__CreateIdsRequest *request,
	       const unsigned char *message, size_t len)
{
	struct front_wish *wish = &call->create.wish;

	recording_note_name(call, request->name, strlen(request->name));
	if (!sequences_take_store(call, request->store) ||
	    !sequences_take_name(call, request->name, message, len) ||
	    !sequences_take_order(call, request->order) ||
	    !ids_read(call, request->count, request->format, "ids", &wish->count))
		return false;
	wish->is_group = request->format == TICKR__V1__FORMAT__FORMAT_GROUP;
	wish->is_whole = call->format == BATCH_FORMAT_GROUP;
	return true;
}

void
sequences_create(struct grpc_call *call, const unsigned char *message, size_t len)
{
	Tickr__V1__CreateIdsRequest *request;
	struct message_room room;

	request =
		message_read(call, &room, &tickr__v1__create_ids_request__descriptor, message, len);
	if (request == NULL)
		return;
	if (sequences_read(call, request, message, len)) {
		call->create.answer = sequences_on_ids;
		call_asks(call);
		front_create(call->store->front, &call->create, request->name,
			     strlen(request->name));
	}
	message_free(&room, request);
}

/* --- Show ------------------------------------------------------------------------------------------ */

static void
sequences_reply_row(struct grpc_call *call, const struct sequence_entry *entry,
		    const struct ticket_space *space)
{
	Tickr__V1__ShowResponse response = TICKR__V1__SHOW_RESPONSE__INIT;
	const struct sequence_policy *policy = &entry->policy;
	char name[SEQUENCE_NAME_MOST + 1] = "";

	memcpy(name, entry->name, entry->name_len);
	response.name = name;
	if (entry->last >= policy->start) {
		response.newest_case = TICKR__V1__SHOW_RESPONSE__NEWEST_LAST;
		response.last = (int64_t)space_id_up_to(space, entry->last);
	}
	response.start = (int64_t)space_id_up_to(space, policy->start);
	response.most = (int64_t)space_id_up_to(space, policy->most);
	response.order = policy->order == SEQUENCE_WEAK ? TICKR__V1__ORDER__ORDER_WEAK
							: TICKR__V1__ORDER__ORDER_STRONG;
	response.held = (int64_t)front_held(call->store->front, entry->name, entry->name_len);
	response.scrambled = policy->form == SEQUENCE_SCRAMBLED;
	response.retired = policy->is_retired;
	message_reply(call, &response.base);
}

static void
sequences_on_shown(struct front_look *look, const struct front_shown *shown)
{
	struct grpc_call *call = CONTAINER_OF(look, struct grpc_call, look);

	if (!call_takes_answer(call))
		return;
	if (shown->outcome == FRONT_OK)
		sequences_reply_row(call, shown->entries, shown->space);
	else
		call_fail_outcome(call, shown->outcome, shown->reason);
}

void
sequences_show(struct grpc_call *call, const unsigned char *message, size_t len)
{
	Tickr__V1__ShowRequest *request;
	struct message_room room;

	request = message_read(call, &room, &tickr__v1__show_request__descriptor, message, len);
	if (request == NULL)
		return;
	if (sequences_take_store(call, request->store) &&
	    sequences_take_name(call, request->name, message, len)) {
		call->look.answer = sequences_on_shown;
		call_asks(call);
		front_show(call->store->front, &call->look, request->name, strlen(request->name));
	}
	message_free(&room, request);
}
