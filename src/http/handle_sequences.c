#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "front/front.h"
#include "http/connection.h"
#include "http/handlers.h"
#include "http/reply.h"
#include "http/sequence_target.h"
#include "ticket/json.h"
#include "ticket/space.h"

#define PROBLEM_SIZE 512

/* Of one sequence in JSON: its name is the longest part. */
#define SEQUENCE_SIZE (JSON_BYTE_SIZE * SEQUENCE_NAME_MOST + 256)

/* Memory for one sequence of a page, before and in the answer. */
#define PAGE_ROW_SIZE (sizeof(struct sequence_entry) + 2 * SEQUENCE_NAME_MOST)

static void
handle_sequences_add_name(struct text *text, const char *name, uint8_t name_len)
{
	char ended[SEQUENCE_NAME_MOST + 1] = "";

	memcpy(ended, name, name_len);
	json_add_string(text, ended);
}

/* Add a sequence as an object. Clients see ids only, so numbers become ids. */
static void
handle_sequences_add(struct exchange *exchange, const struct sequence_entry *entry,
		     const struct ticket_space *space)
{
	const struct sequence_policy *policy = &entry->policy;
	char memory[SEQUENCE_SIZE];
	struct text text = TEXT_OVER(memory);

	text_add(&text, "{\"name\":");
	handle_sequences_add_name(&text, entry->name, entry->name_len);
	if (entry->last >= policy->start)
		text_addf(&text, ",\"last\":%" PRIu64, space_id_up_to(space, entry->last));
	else
		text_add(&text, ",\"last\":null");
	text_addf(&text,
		  ",\"start\":%" PRIu64 ",\"most\":%" PRIu64 ",\"order\":\"%s\",\"held\":%" PRIu64,
		  space_id_up_to(space, policy->start), space_id_up_to(space, policy->most),
		  policy->order == SEQUENCE_WEAK ? "weak" : "strong",
		  front_held(exchange->store->front, entry->name, entry->name_len));
	if (policy->form == SEQUENCE_SCRAMBLED)
		text_add(&text, ",\"form\":\"scrambled\"");
	if (policy->is_retired)
		text_add(&text, ",\"retired\":true");
	text_add(&text, "}");
	evbuffer_add(reply_body(exchange), memory, text.len);
}

/* --- one ------------------------------------------------------------------------------------------- */

static void
handle_sequences_on_shown(struct front_look *look, const struct front_shown *shown)
{
	struct exchange *exchange = CONTAINER_OF(look, struct exchange, look);

	if (shown->outcome != FRONT_OK) {
		reply_outcome(exchange, shown->outcome, shown->reason);
		return;
	}
	handle_sequences_add(exchange, shown->entries, shown->space);
	reply_json(exchange);
}

void
handle_sequence(struct exchange *exchange, const struct route_argument *arguments)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	struct sequence_target_name name;

	if (!handle_find_store(exchange))
		return;
	if (!sequence_target_read_name(arguments[0].start, arguments[0].len, &name, &problem)) {
		reply_outcome(exchange, FRONT_BAD_REQUEST, memory);
		return;
	}
	exchange->look.answer = handle_sequences_on_shown;
	front_show(exchange->store->front, &exchange->look, name.bytes, name.len);
}

/* --- a page ---------------------------------------------------------------------------------------- */

static void
handle_sequences_on_listed(struct front_look *look, const struct front_shown *shown)
{
	struct exchange *exchange = CONTAINER_OF(look, struct exchange, look);
	char memory[SEQUENCE_SIZE];
	struct text next = TEXT_OVER(memory);

	if (shown->outcome != FRONT_OK) {
		reply_outcome(exchange, shown->outcome, shown->reason);
		return;
	}
	evbuffer_add(reply_body(exchange), "{\"sequences\":[", strlen("{\"sequences\":["));
	for (uint32_t i = 0; i < shown->count; i++) {
		if (i > 0)
			evbuffer_add(reply_body(exchange), ",", 1);
		handle_sequences_add(exchange, &shown->entries[i], shown->space);
	}
	text_add(&next, "],\"next\":");
	if (shown->is_more)
		handle_sequences_add_name(&next, shown->entries[shown->count - 1].name,
					  shown->entries[shown->count - 1].name_len);
	else
		text_add(&next, "null");
	text_add(&next, "}");
	evbuffer_add(reply_body(exchange), memory, next.len);
	reply_json(exchange);
}

void
handle_sequences(struct exchange *exchange, const struct route_argument *arguments)
{
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	struct sequence_target_name after;
	uint32_t limit;

	(void)arguments;
	if (!handle_find_store(exchange))
		return;
	if (!sequence_target_read_page(exchange_query(exchange), &after, &limit, &problem)) {
		reply_outcome(exchange, FRONT_BAD_REQUEST, memory);
	} else if (!connection_hold(exchange->connection, (limit + 1) * PAGE_ROW_SIZE)) {
		reply_outcome(exchange, FRONT_UNAVAILABLE,
			      "too many large answers wait for clients to read them; ask for a "
			      "smaller page");
	} else {
		exchange->look.answer = handle_sequences_on_listed;
		front_list(exchange->store->front, &exchange->look, after.bytes, after.len, limit);
	}
}
