#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "grpc/ids.h"
#include "grpc/message.h"
#include "grpc/wire.h"

#define PROBLEM_SIZE	256
#define MOST_ID_SIZE	9 /* ids are below 2^63 */
#define LIST_FIELD	1
#define ANSWER_OVERHEAD 16

bool
ids_read(struct grpc_call *call, uint32_t given, Tickr__V1__Format format, const char *noun,
	 uint32_t *count)
{
	const struct ticket_service *service = call_service(call);
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	*count = given == 0 ? 1 : given;
	call->format = given == 0 ? BATCH_FORMAT_ARRAY : service->batch_format;
	if (format == TICKR__V1__FORMAT__FORMAT_ARRAY)
		call->format = BATCH_FORMAT_ARRAY;
	else if (format == TICKR__V1__FORMAT__FORMAT_GROUP)
		call->format = BATCH_FORMAT_GROUP;
	else if (format != TICKR__V1__FORMAT__FORMAT_UNSPECIFIED)
		text_addf(&problem, "the format is %d; it must be FORMAT_ARRAY or FORMAT_GROUP",
			  (int)format);
	if (*count > service->max_batch)
		text_addf(&problem, "%sthe number of %s is %u; it must be from 1 to %u",
			  problem.len > 0 ? ", and " : "", noun, *count, service->max_batch);
	if (problem.len > 0) {
		call_fail(call, GRPC_INVALID_ARGUMENT, memory);
		return false;
	}
	if (call->format == BATCH_FORMAT_GROUP ||
	    call_hold(call, (size_t)*count * MOST_ID_SIZE + ANSWER_OVERHEAD))
		return true;
	text_addf(&problem,
		  "too many large answers wait for clients to read them; ask for fewer %s, or for "
		  "a group",
		  noun);
	call_fail_outcome(call, FRONT_UNAVAILABLE, memory);
	return false;
}

static size_t
ids_len(const struct ticket_range *ids, const uint64_t *scrambled)
{
	unsigned char number[WIRE_NUMBER_SIZE];
	size_t len = 0;

	for (uint32_t i = 0; i < ids->count; i++)
		len += wire_number(number, scrambled != NULL ? scrambled[i]
							     : ids->first + i * ids->increment);
	return len;
}

/* A list may have a million ids, so it is written without a copy. */
static void
ids_reply_list(struct grpc_call *call, const struct ticket_range *ids, const uint64_t *scrambled)
{
	size_t list_len = ids_len(ids, scrambled);
	unsigned char *room = call_room(call, 1 + WIRE_NUMBER_SIZE + list_len);
	size_t len = wire_bytes_head(room, LIST_FIELD, list_len);

	for (uint32_t i = 0; i < ids->count; i++)
		len += wire_number(room + len, scrambled != NULL ? scrambled[i]
								 : ids->first + i * ids->increment);
	call_reply(call, len);
}

void
ids_reply(struct grpc_call *call, const struct ticket_range *ids, const uint64_t *scrambled)
{
	Tickr__V1__CreateIdsResponse response = TICKR__V1__CREATE_IDS_RESPONSE__INIT;
	Tickr__V1__Range range = TICKR__V1__RANGE__INIT;

	if (scrambled != NULL || call->format == BATCH_FORMAT_ARRAY) {
		ids_reply_list(call, ids, scrambled);
		return;
	}
	range.first = (int64_t)ids->first;
	range.increment = (int64_t)ids->increment;
	range.count = ids->count;
	response.range = &range;
	message_reply(call, &response.base);
}

bool
ids_reply_bases(struct grpc_call *call, const struct ticket_space *space,
		const struct ticket_range *bases)
{
	struct ticket_range ids;
	uint64_t *list;
	bool is_listed;

	if (space_tickets(space, bases, &ids)) {
		ids_reply(call, &ids, NULL);
		return true;
	}
	if (call->format == BATCH_FORMAT_GROUP)
		return false;
	list = xcalloc(bases->count, sizeof(*list));
	is_listed = space_list(space, bases, list);
	if (is_listed)
		ids_reply(call, &(struct ticket_range){list[0], 1, bases->count}, list);
	free(list);
	return is_listed;
}
