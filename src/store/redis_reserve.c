/*
 * DESIGN. A statement is one MULTI. For each sequence it moves the key and the sum of our moves. It reads what the keys
 * had before us and their policies. It moves the clock, and counts in the row of the server instance:
 *
 *	WATCH row; read row		at the end of the statement before, in the same packet
 *	MULTI
 *	    INCRBY key n; HINCRBY moved key n					for each sequence
 *	    HMGET adopted keys; HMGET policies keys
 *	    HINCRBY clock n; HGET raised; HINCRBY row; HSET row; SADD row	SADD: of a new row
 *	EXEC; WATCH row; read row	in one packet
 *
 * Redis has no condition inside of MULTI. So the session watches the row. If the row was changed since it was read,
 * EXEC changes nothing. The same is true if an older copy replaced the data. If the row that was read is lower than the
 * known one, the row stays as it is.
 *
 * The value of a key must be its value before us plus our moves. Otherwise another program has moved it.
 */
#include <stdio.h>
#include <string.h>

#include "store/redis_session.h"

#define REDIS_ATTEMPTS	   20
#define COMMANDS_OF_A_MOVE 4

/* --- the row of the instance ------------------------------------------------------------------------ */

/* Send the packet, with the next reply that is awaited. */
static void
redis_send(struct store_session *session)
{
	redisAppendFormattedCommand(session->redis, session->packet.bytes, session->packet.len);
	redis_packet_clear(&session->packet);
}

/* Add to the packet: watch the row of the instance ID, and read it. */
static void
redis_ask_row(struct store_session *session, const char *id)
{
	struct redis_packet *packet = &session->packet;

	memcpy(session->row_id, id, sizeof(session->row_id));
	snprintf(session->row, sizeof(session->row), REDIS_INSTANCE "%s", id);
	redis_packet_command(packet, "WATCH", 1);
	redis_packet_add(packet, session->row);
	redis_packet_command(packet, "HMGET", 3);
	redis_packet_add(packet, session->row);
	redis_packet_add(packet, "count");
	redis_packet_add(packet, "seen");
}

static enum store_result
redis_hear_row(struct store_session *session, struct text *reason)
{
	enum store_result result = redis_hear_ok(session, reason);
	redisReply *row;

	if (result != STORE_OK)
		return result;
	row = redis_hear(session, reason);
	if (row == NULL)
		return STORE_LOST;
	session->is_watching = row->type == REDIS_REPLY_ARRAY && row->elements == 2 &&
			       redis_number(row->element[0], &session->count) &&
			       redis_number(row->element[1], &session->seen);
	freeReplyObject(row);
	if (session->is_watching)
		return STORE_OK;
	text_add(reason, "the row of this server in Redis is damaged: restore the data");
	return STORE_REFUSED;
}

enum store_result
redis_instance(struct store_session *session, struct store_instance *row, struct text *reason)
{
	enum store_result result;

	redis_ask_row(session, row->id);
	redis_send(session);
	result = redis_hear_row(session, reason);
	row->count = session->count;
	row->seen = session->seen;
	return result;
}

/* --- the statement ----------------------------------------------------------------------------------- */

/* Ask for the values of all sequences of ORDER in the hash KEY. */
static void
redis_ask_of_all(struct redis_packet *packet, const char *key, const struct store_order *order)
{
	redis_packet_command(packet, "HMGET", 1 + order->moves_count);
	redis_packet_add(packet, key);
	for (size_t i = 0; i < order->moves_count; i++)
		redis_packet_add_bytes(packet, order->moves[i].name, order->moves[i].name_len);
}

static void
redis_ask_moves(struct redis_packet *packet, const struct store_order *order)
{
	for (size_t i = 0; i < order->moves_count; i++) {
		const struct store_move *move = &order->moves[i];

		redis_packet_command(packet, "INCRBY", 2);
		redis_packet_add_bytes(packet, move->name, move->name_len);
		redis_packet_add_number(packet, move->count);
		redis_packet_command(packet, "HINCRBY", 3);
		redis_packet_add(packet, REDIS_MOVED);
		redis_packet_add_bytes(packet, move->name, move->name_len);
		redis_packet_add_number(packet, move->count);
	}
	if (order->moves_count > 0) {
		redis_ask_of_all(packet, REDIS_ADOPTED, order);
		redis_ask_of_all(packet, REDIS_POLICIES, order);
	}
	redis_packet_command(packet, "HINCRBY", 3);
	redis_packet_add(packet, REDIS_CLOCK);
	redis_packet_add(packet, "newest");
	redis_packet_add_number(packet, order->count);
	redis_packet_command(packet, "HGET", 2);
	redis_packet_add(packet, REDIS_CLOCK);
	redis_packet_add(packet, "raised");
}

static void
redis_ask_count(struct redis_packet *packet, const char *row, const struct store_instance *known,
		bool is_new)
{
	redis_packet_command(packet, "HINCRBY", 3);
	redis_packet_add(packet, row);
	redis_packet_add(packet, "count");
	redis_packet_add_number(packet, 1);
	redis_packet_command(packet, "HSET", 3);
	redis_packet_add(packet, row);
	redis_packet_add(packet, "seen");
	redis_packet_add_number(packet, known->seen);
	if (!is_new)
		return;
	redis_packet_command(packet, "SADD", 2);
	redis_packet_add(packet, REDIS_INSTANCES);
	redis_packet_add(packet, known->id);
}

/* Send the statement of ORDER. Return the number of commands between MULTI and EXEC. */
static size_t
redis_ask(struct store_session *session, const struct store_order *order, bool writes_row)
{
	struct redis_packet *packet = &session->packet;
	size_t commands;

	redis_packet_command(packet, "MULTI", 0);
	redis_ask_moves(packet, order);
	if (writes_row)
		redis_ask_count(packet, session->row, order->known, session->count == 0);
	commands = packet->commands - 1;
	redis_packet_command(packet, "EXEC", 0);
	if (order->known != NULL)
		redis_ask_row(session, order->known->id);
	redis_send(session);
	return commands;
}

/* The results of EXEC. Those of MOVES are in the order of the moves, two for each. */
struct redis_results {
	redisReply *const *moves;
	const redisReply *adopted, *policies; /* lists; NULL: there are no moves */
	const redisReply *clock, *raised;
	const redisReply *count; /* of the row; NULL: it was not written */
};

static void
redis_find_results(const redisReply *exec, const struct store_order *order, bool writes_row,
		   struct redis_results *results)
{
	redisReply **next = exec->element;

	*results = (struct redis_results){.moves = next};
	next += 2 * order->moves_count;
	if (order->moves_count > 0) {
		results->adopted = *next++;
		results->policies = *next++;
	}
	results->clock = *next++;
	results->raised = *next++;
	if (writes_row)
		results->count = *next;
}

/* Return element NUMBER of LIST, which should have COUNT; NULL: it has not. */
static const redisReply *
redis_element(const redisReply *list, size_t number, size_t count)
{
	if (list->type != REDIS_REPLY_ARRAY || list->elements != count)
		return NULL;
	return list->element[number];
}

/* Take the results of move NUMBER. */
static enum store_result
redis_take_move(struct store_session *session, struct sequence_rows *rows, size_t number,
		const struct redis_results *results, struct text *reason)
{
	size_t count = rows->order->moves_count;
	struct store_move *move = &rows->order->moves[number];
	const redisReply *before = redis_element(results->adopted, number, count);
	const redisReply *written = redis_element(results->policies, number, count);
	struct sequence_policy policy;
	struct sequence_row row = {.name = move->name, .name_len = move->name_len};
	uint64_t moved = 0, adopted = 0;
	char memory[256];
	struct text why = TEXT_OVER(memory);
	enum store_result result = STORE_OK;
	bool is_good = before != NULL && written != NULL &&
		       redis_number(results->moves[2 * number], &row.newest) &&
		       redis_number(results->moves[2 * number + 1], &moved) &&
		       redis_number(before, &adopted) && redis_policy_read(written, &policy) &&
		       row.newest >= move->count;

	if (!is_good)
		text_addf(&why, "the key %.*s holds no number that tickrd could move",
			  (int)move->name_len, move->name);
	else if (before->type == REDIS_REPLY_NIL)
		result = redis_adopt(session, move->name, move->name_len, row.newest, moved, &why);
	else if (adopted + moved != row.newest)
		text_addf(&why,
			  "the key %.*s was moved without tickrd's clock: stop every other program "
			  "that uses it, see docs/stores.md",
			  (int)move->name_len, move->name);
	if (result != STORE_OK && result != STORE_REFUSED) {
		text_add(reason, memory);
		return result;
	}
	move->is_strange = why.len > 0;
	if (!is_good)
		row.newest = move->count; /* any number: they are abandoned */
	if (is_good) {
		row.revision = policy.revision;
		row.most = policy.most;
		row.is_retired = policy.is_retired;
	}
	sequence_rows_take(rows, &row);
	return STORE_OK;
}

static enum store_result
redis_take_all(struct store_session *session, struct sequence_rows *rows,
	       const struct redis_results *results, struct text *reason)
{
	struct sequence_row clock = {
		.name = SEQUENCE_CLOCK, .name_len = SEQUENCE_CLOCK_LEN, .has_raised = true};
	enum store_result result = STORE_OK;

	for (size_t i = 0; i < rows->order->moves_count && result == STORE_OK; i++)
		result = redis_take_move(session, rows, i, results, reason);
	if (result != STORE_OK)
		return result;
	if (!redis_number(results->clock, &clock.newest) ||
	    results->raised->type == REDIS_REPLY_NIL ||
	    !redis_number(results->raised, &clock.raised))
		clock.has_raised = false; /* its row is damaged, which the rows report */
	sequence_rows_take(rows, &clock);
	return STORE_OK;
}

static void
redis_take_row(struct sequence_rows *rows, uint64_t count, uint64_t seen)
{
	sequence_rows_take(rows, &(struct sequence_row){.name = rows->instance,
							.name_len = SEQUENCE_INSTANCE_LEN,
							.newest = count,
							.seen = seen});
}

/* Take the row of the server: the count that the statement has made, or the row as it was read before. */
static void
redis_take_count(struct sequence_rows *rows, const redisReply *written,
		 const struct store_instance *before)
{
	uint64_t count;

	if (written == NULL)
		redis_take_row(rows, before->count, before->seen);
	else if (redis_number(written, &count))
		redis_take_row(rows, count, rows->order->known->seen);
}

/* Run the statement once. *IS_DONE: EXEC was carried out. */
static enum store_result
redis_reserve_once(struct store_session *session, struct sequence_rows *rows, bool *is_done,
		   struct text *reason)
{
	const struct store_order *order = rows->order;
	const struct store_instance before = {.count = session->count, .seen = session->seen};
	bool writes_row = order->known != NULL && before.count >= order->known->count;
	size_t commands = redis_ask(session, order, writes_row);
	redisReply *exec;
	enum store_result result = redis_hear_exec(session, commands, &exec, reason);

	session->is_watching = false;
	if (result != STORE_OK)
		return result;
	if (order->known != NULL)
		result = redis_hear_row(session, reason);
	*is_done = exec->type == REDIS_REPLY_ARRAY;
	if (result == STORE_OK && *is_done) {
		struct redis_results results;

		redis_find_results(exec, order, writes_row, &results);
		result = redis_take_all(session, rows, &results, reason);
		if (order->known != NULL)
			redis_take_count(rows, results.count, &before);
	}
	freeReplyObject(exec);
	return result;
}

enum store_result
redis_reserve(struct store_session *session, const struct store_order *order,
	      struct ticket_range *bases, struct text *reason)
{
	struct sequence_rows rows;
	enum store_result result = sequence_rows_begin(&rows, order, reason);
	bool is_done = false;

	if (result == STORE_OK)
		result = redis_check_again(session, reason);
	if (result == STORE_OK && order->known == NULL)
		result = redis_unwatch(session, reason);
	if (result == STORE_OK && order->known != NULL &&
	    !(session->is_watching && strcmp(session->row_id, order->known->id) == 0)) {
		redis_ask_row(session, order->known->id);
		redis_send(session);
		result = redis_hear_row(session, reason);
	}
	for (unsigned i = 0; i < REDIS_ATTEMPTS && result == STORE_OK && !is_done; i++)
		result = redis_reserve_once(session, &rows, &is_done, reason);
	if (result != STORE_OK)
		return result;
	if (is_done)
		return sequence_rows_end(&rows, bases, reason);
	text_add(reason, "other sessions of this server are faster");
	return STORE_BUSY;
}
