/*
 * DESIGN. A statement is one MULTI. For each sequence it moves the key and the sum of our moves, and reads what the key
 * had before us and the policy. It moves the clock, and counts in the row of the server instance:
 *
 *	WATCH row; read row		at the end of the statement before, in the same packet
 *	MULTI
 *	    INCRBY key n; HINCRBY moved key n; HGET adopted key; HGET policies key		for each sequence
 *	    HINCRBY clock n; HGET raised; HINCRBY row; HSET row
 *	EXEC; WATCH row; read row	in one packet
 *
 * Redis has no condition inside of MULTI. So the session watches the row. If the row was changed since it was read,
 * EXEC changes nothing. The same is true if an older copy replaced the data. If the row that was read is lower than the
 * known one, the row stays as it is.
 *
 * The value of a key must be its value before us plus our moves. Otherwise another program has moved it.
 */
#include <inttypes.h>
#include <string.h>

#include "store/redis_session.h"

#define REDIS_ATTEMPTS	   20
#define COMMANDS_OF_A_MOVE 4

/* --- the row of the instance ------------------------------------------------------------------------ */

static void
redis_ask_row(struct store_session *session, const char *id)
{
	memcpy(session->row_id, id, sizeof(session->row_id));
	redisAppendCommand(session->redis, "WATCH " REDIS_INSTANCE "%s", id);
	redisAppendCommand(session->redis, "HMGET " REDIS_INSTANCE "%s count seen", id);
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
	result = redis_hear_row(session, reason);
	row->count = session->count;
	row->seen = session->seen;
	return result;
}

/* --- the statement ----------------------------------------------------------------------------------- */

/* Append the statement of ORDER. Return the number of commands between MULTI and EXEC. */
static size_t
redis_ask_moves(struct store_session *session, const struct store_order *order, bool writes_row)
{
	redisContext *redis = session->redis;
	size_t commands = order->moves_count * COMMANDS_OF_A_MOVE + 2;

	redisAppendCommand(redis, "MULTI");
	for (size_t i = 0; i < order->moves_count; i++) {
		const struct store_move *move = &order->moves[i];
		size_t len = move->name_len;

		redisAppendCommand(redis, "INCRBY %b %u", move->name, len, move->count);
		redisAppendCommand(redis, "HINCRBY " REDIS_MOVED " %b %u", move->name, len,
				   move->count);
		redisAppendCommand(redis, "HGET " REDIS_ADOPTED " %b", move->name, len);
		redisAppendCommand(redis, "HGET " REDIS_POLICIES " %b", move->name, len);
	}
	redisAppendCommand(redis, "HINCRBY " REDIS_CLOCK " newest %u", order->count);
	redisAppendCommand(redis, "HGET " REDIS_CLOCK " raised");
	if (writes_row) {
		redisAppendCommand(redis, "HINCRBY " REDIS_INSTANCE "%s count 1", order->known->id);
		redisAppendCommand(redis, "HSET " REDIS_INSTANCE "%s seen %llu", order->known->id,
				   (unsigned long long)order->known->seen);
		redisAppendCommand(redis, "SADD " REDIS_INSTANCES " %s", order->known->id);
		commands += 3;
	}
	redisAppendCommand(redis, "EXEC");
	if (order->known != NULL)
		redis_ask_row(session, order->known->id);
	return commands;
}

/* Take the four RESULTS of MOVE. */
static enum store_result
redis_take_move(struct store_session *session, struct sequence_rows *rows, struct store_move *move,
		redisReply *const *results, struct text *reason)
{
	struct sequence_policy policy;
	struct sequence_row row = {.name = move->name, .name_len = move->name_len};
	uint64_t moved = 0, adopted = 0;
	char memory[256];
	struct text why = TEXT_OVER(memory);
	enum store_result result = STORE_OK;
	bool is_good = redis_number(results[0], &row.newest) && redis_number(results[1], &moved) &&
		       redis_number(results[2], &adopted) &&
		       redis_policy_read(results[3], &policy) && row.newest >= move->count;

	if (!is_good)
		text_addf(&why, "the key %.*s holds no number that tickrd could move",
			  (int)move->name_len, move->name);
	else if (results[2]->type == REDIS_REPLY_NIL)
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
redis_take_all(struct store_session *session, struct sequence_rows *rows, redisReply *exec,
	       struct text *reason)
{
	const struct store_order *order = rows->order;
	redisReply **results = exec->element;
	struct sequence_row clock = {
		.name = SEQUENCE_CLOCK, .name_len = SEQUENCE_CLOCK_LEN, .has_raised = true};
	enum store_result result = STORE_OK;

	for (size_t i = 0; i < order->moves_count && result == STORE_OK; i++) {
		result = redis_take_move(session, rows, &order->moves[i], results, reason);
		results += COMMANDS_OF_A_MOVE;
	}
	if (result != STORE_OK)
		return result;
	if (!redis_number(results[0], &clock.newest) || !redis_number(results[1], &clock.raised))
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

/* Run the statement once. *IS_DONE: EXEC was carried out. */
static enum store_result
redis_reserve_once(struct store_session *session, struct sequence_rows *rows, bool *is_done,
		   struct text *reason)
{
	const struct store_order *order = rows->order;
	bool writes_row = order->known != NULL && session->count >= order->known->count;
	uint64_t count = session->count, seen = session->seen;
	size_t commands = redis_ask_moves(session, order, writes_row);
	redisReply *exec;
	enum store_result result = redis_hear_exec(session, commands, &exec, reason);

	session->is_watching = false;
	if (result != STORE_OK)
		return result;
	if (order->known != NULL)
		result = redis_hear_row(session, reason);
	*is_done = exec->type == REDIS_REPLY_ARRAY;
	if (result == STORE_OK && *is_done) {
		result = redis_take_all(session, rows, exec, reason);
		if (order->known != NULL)
			redis_take_row(rows, writes_row ? count + 1 : count,
				       writes_row ? order->known->seen : seen);
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

	if (result == STORE_OK && order->known == NULL)
		result = redis_unwatch(session, reason);
	if (result == STORE_OK && order->known != NULL &&
	    !(session->is_watching && strcmp(session->row_id, order->known->id) == 0)) {
		redis_ask_row(session, order->known->id);
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
