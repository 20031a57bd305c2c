/* The clock and the rows of server instances. */
#include <string.h>
#include <time.h>

#include "store/redis_session.h"

#define MOST_ATTEMPTS 100

/* --- raises ------------------------------------------------------------------------------------------ */

/* Read the clock, which is watched, and the row ID (NULL: none). */
static enum store_result
redis_rows_watch(struct store_session *session, const char *id, uint64_t *clock,
		 struct store_instance *found, struct text *reason)
{
	enum store_result result;
	redisReply *read;

	redisAppendCommand(session->redis, "WATCH " REDIS_CLOCK " " REDIS_INSTANCE "%s", id);
	redisAppendCommand(session->redis, "HGET " REDIS_CLOCK " newest");
	redisAppendCommand(session->redis, "HMGET " REDIS_INSTANCE "%s count seen", id);
	session->is_watching = false;
	result = redis_hear_ok(session, reason);
	for (unsigned i = 0; i < 2 && result == STORE_OK; i++) {
		bool is_good;

		read = redis_hear(session, reason);
		if (read == NULL)
			return STORE_LOST;
		is_good = i == 0 ? redis_number(read, clock)
				 : read->type == REDIS_REPLY_ARRAY &&
					   redis_number(read->element[0], &found->count) &&
					   redis_number(read->element[1], &found->seen);
		freeReplyObject(read);
		if (!is_good) {
			text_add(reason,
				 "the rows of tickrd in Redis are damaged: restore the data");
			result = STORE_REFUSED;
		}
	}
	return result;
}

/* Add DISTANCE to the clock and to all sequences; and write ROW (NULL: none). *IS_DONE: nobody was faster. */
static enum store_result
redis_rows_lift(struct store_session *session, uint64_t distance, const struct store_instance *row,
		bool *is_done, struct text *reason)
{
	enum store_result result;
	size_t commands = 2;
	redisReply *exec;

	redisAppendCommand(session->redis, "MULTI");
	redisAppendCommand(session->redis, "HINCRBY " REDIS_CLOCK " newest %llu",
			   (unsigned long long)distance);
	redisAppendCommand(session->redis, "HINCRBY " REDIS_CLOCK " raised %llu",
			   (unsigned long long)distance);
	if (row != NULL) {
		redisAppendCommand(session->redis,
				   "HMSET " REDIS_INSTANCE "%s count %llu seen %llu", row->id,
				   (unsigned long long)row->count, (unsigned long long)row->seen);
		redisAppendCommand(session->redis, "SADD " REDIS_INSTANCES " %s", row->id);
		commands = 4;
	}
	redisAppendCommand(session->redis, "EXEC");
	result = redis_hear_exec(session, commands, &exec, reason);
	if (result != STORE_OK)
		return result;
	*is_done = exec->type == REDIS_REPLY_ARRAY;
	for (size_t i = 0; *is_done && i < exec->elements && result == STORE_OK; i++)
		if (exec->element[i]->type == REDIS_REPLY_ERROR)
			result = redis_explain(exec->element[i], reason);
	freeReplyObject(exec);
	return result;
}

enum store_result
redis_raise(struct store_session *session, struct store_instance *row, uint64_t base,
	    struct text *reason)
{
	for (unsigned i = 0; i < MOST_ATTEMPTS; i++) {
		struct store_instance found = {.count = 0}, wanted = *row;
		uint64_t clock = 0, distance;
		bool is_done = false;
		enum store_result result =
			redis_rows_watch(session, row->id, &clock, &found, reason);

		if (result != STORE_OK)
			return result;
		distance = sequence_rows_raise(base, clock, &found, &wanted.seen);
		wanted.count = (found.count > row->count ? found.count : row->count) + 1;
		result = redis_rows_lift(session, distance, &wanted, &is_done, reason);
		if (result == STORE_OK && is_done)
			*row = wanted;
		if (result != STORE_OK || is_done)
			return result;
	}
	text_add(reason, "other servers are faster");
	return STORE_BUSY;
}

enum store_result
redis_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	for (unsigned i = 0; i < MOST_ATTEMPTS; i++) {
		struct store_instance ignored = {.count = 0};
		uint64_t clock = 0;
		bool is_done = false;
		enum store_result result =
			redis_rows_watch(session, "none", &clock, &ignored, reason);

		if (result == STORE_OK && base <= clock)
			return redis_unwatch(session, reason);
		if (result == STORE_OK)
			result = redis_rows_lift(session, base - clock, NULL, &is_done, reason);
		if (result != STORE_OK || is_done)
			return result;
	}
	text_add(reason, "other servers are faster");
	return STORE_BUSY;
}

/* A number that is lower than another server's is no harm: the next note is higher. */
enum store_result
redis_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	struct timespec now;
	uint64_t number;
	enum store_result result = redis_unwatch(session, reason);

	if (result != STORE_OK)
		return result;
	clock_gettime(CLOCK_REALTIME, &now);
	number = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (number < least)
		number = least;
	if (number <= session->advances)
		number = session->advances + 1;
	redisAppendCommand(session->redis, "HSET " REDIS_CLOCK " advances %llu",
			   (unsigned long long)number);
	return redis_hear_ok(session, reason);
}

/* --- instances --------------------------------------------------------------------------------------- */

enum store_result
redis_instances(struct store_session *session,
		void (*each)(void *arg, const struct store_instance *row), void *arg,
		struct text *reason)
{
	enum store_result result = STORE_OK;
	redisReply *ids;

	redisAppendCommand(session->redis, "SMEMBERS " REDIS_INSTANCES);
	ids = redis_hear(session, reason);
	if (ids == NULL)
		return STORE_LOST;
	if (ids->type != REDIS_REPLY_ARRAY)
		result = redis_explain(ids, reason);
	for (size_t i = 0; result == STORE_OK && i < ids->elements; i++) {
		struct store_instance row = {.count = 0};

		if (ids->element[i]->len != RANDOM_ID_LEN)
			continue;
		memcpy(row.id, ids->element[i]->str, RANDOM_ID_LEN);
		result = redis_instance(session, &row, reason);
		if (result == STORE_OK)
			each(arg, &row);
	}
	freeReplyObject(ids);
	return result;
}

enum store_result
redis_fold(struct store_session *session, const char *id, bool *found, struct text *reason)
{
	enum store_result result = redis_unwatch(session, reason);
	redisReply *exec;

	if (result != STORE_OK)
		return result;
	redisAppendCommand(session->redis, "MULTI");
	redisAppendCommand(session->redis, "DEL " REDIS_INSTANCE "%s", id);
	redisAppendCommand(session->redis, "SREM " REDIS_INSTANCES " %s", id);
	redisAppendCommand(session->redis, "EXEC");
	result = redis_hear_exec(session, 2, &exec, reason);
	if (result != STORE_OK)
		return result;
	*found = exec->type == REDIS_REPLY_ARRAY && exec->element[0]->integer > 0;
	freeReplyObject(exec);
	return STORE_OK;
}
