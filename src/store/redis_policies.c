/* The sequences in Redis and their policies: reading, and the changes of an operator. */
#include <stdlib.h>
#include <string.h>

#include "store/redis_session.h"

#define MOST_ATTEMPTS 1000

/* A sequence, as its keys have it. */
struct redis_sequence {
	bool is_found;
	uint64_t value, moved, raised, clock;
	struct sequence_policy policy;
};

static void
redis_policies_ask(redisContext *redis, const char *name, size_t len, bool is_watched)
{
	redisAppendCommand(redis, "UNWATCH");
	if (is_watched)
		redisAppendCommand(redis, "WATCH " REDIS_POLICIES " %b", name, len);
	redisAppendCommand(redis, "GET %b", name, len);
	redisAppendCommand(redis, "HGET " REDIS_MOVED " %b", name, len);
	redisAppendCommand(redis, "HMGET " REDIS_CLOCK " newest raised");
	redisAppendCommand(redis, "HGET " REDIS_POLICIES " %b", name, len);
}

/* Take reply NUMBER of the four that were asked for. */
static bool
redis_policies_take(struct redis_sequence *sequence, unsigned number, const redisReply *reply)
{
	switch (number) {
	case 0:
		sequence->is_found = reply->type == REDIS_REPLY_STRING;
		return redis_number(reply, &sequence->value);
	case 1: return redis_number(reply, &sequence->moved);
	case 2:
		return reply->type == REDIS_REPLY_ARRAY &&
		       redis_number(reply->element[0], &sequence->clock) &&
		       redis_number(reply->element[1], &sequence->raised);
	default: return redis_policy_read(reply, &sequence->policy);
	}
}

/* Read the sequence NAME. If IS_WATCHED, the next EXEC fails if its key or a policy has changed since. */
static enum store_result
redis_policies_read(struct store_session *session, const char *name, uint8_t name_len,
		    bool is_watched, struct redis_sequence *sequence, struct text *reason)
{
	enum store_result result;
	bool is_good = true;

	session->is_watching = false;
	redis_policies_ask(session->redis, name, name_len, is_watched);
	result = redis_hear_ok(session, reason);
	if (result == STORE_OK && is_watched)
		result = redis_hear_ok(session, reason);
	if (result != STORE_OK)
		return result;
	for (unsigned i = 0; i < 4; i++) {
		redisReply *reply = redis_hear(session, reason);

		if (reply == NULL)
			return STORE_LOST;
		is_good = redis_policies_take(sequence, i, reply) && is_good;
		freeReplyObject(reply);
	}
	sequence->is_found = sequence->is_found || sequence->policy.revision > 0;
	if (is_good)
		return STORE_OK;
	text_addf(reason, "the key %.*s or its policy in Redis holds no number that tickrd wrote",
		  (int)name_len, name);
	return STORE_FAILED;
}

static void
redis_policies_describe(const struct redis_sequence *sequence, const char *name, uint8_t name_len,
			struct store_listed *listed)
{
	*listed = (struct store_listed){.name = name,
					.name_len = name_len,
					.last = sequence->value + sequence->raised,
					.policy = sequence->policy};
}

enum store_result
redis_show(struct store_session *session, const char *name, uint8_t name_len,
	   struct store_listed *listed, bool *found, struct text *reason)
{
	struct redis_sequence sequence = {.is_found = false};
	enum store_result result =
		redis_policies_read(session, name, name_len, false, &sequence, reason);

	*found = sequence.is_found;
	redis_policies_describe(&sequence, name, name_len, listed);
	return result;
}

enum store_result
redis_list(struct store_session *session, const char *after, uint8_t after_len, uint32_t limit,
	   store_listed_fn *each, void *arg, struct text *reason)
{
	enum store_result result = STORE_OK;
	char from[SEQUENCE_NAME_MOST + 1];
	redisReply *names;

	from[0] = '(';
	memcpy(from + 1, after, after_len);
	redisAppendCommand(session->redis, "ZRANGEBYLEX " REDIS_NAMES " %b + LIMIT 0 %u",
			   after_len > 0 ? from : "-", after_len > 0 ? (size_t)after_len + 1 : 1,
			   limit);
	names = redis_hear(session, reason);
	if (names == NULL)
		return STORE_LOST;
	if (names->type != REDIS_REPLY_ARRAY)
		result = redis_explain(names, reason);
	for (size_t i = 0; result == STORE_OK && i < names->elements; i++) {
		const redisReply *name = names->element[i];
		struct store_listed listed;
		bool is_found;

		result = redis_show(session, name->str, (uint8_t)name->len, &listed, &is_found,
				    reason);
		if (result == STORE_OK)
			each(arg, &listed);
	}
	freeReplyObject(names);
	return result;
}

enum store_result
redis_count(struct store_session *session, uint64_t *count, struct text *reason)
{
	uint64_t numbers[2] = {0, 0};
	bool is_good = true;

	redisAppendCommand(session->redis, "ZCARD " REDIS_NAMES);
	redisAppendCommand(session->redis, "SCARD " REDIS_RETIRED);
	for (unsigned i = 0; i < 2; i++) {
		redisReply *reply = redis_hear(session, reason);

		if (reply == NULL)
			return STORE_LOST;
		is_good = is_good && redis_number(reply, &numbers[i]);
		freeReplyObject(reply);
	}
	*count = numbers[0] > numbers[1] ? numbers[0] - numbers[1] : 0;
	if (!is_good)
		text_add(reason, "the names of sequences in Redis are damaged: restore the data");
	return is_good ? STORE_OK : STORE_REFUSED;
}

/* --- changes ----------------------------------------------------------------------------------------- */

/*
 * Move the sequence by DISTANCE, and write POLICY (NULL: it stays), if nobody changed it since it was read. Of a key
 * that is new to tickrd, note the value.
 */
static enum store_result
redis_policies_change(struct store_session *session, const char *name, uint8_t name_len,
		      const struct redis_sequence *sequence, uint64_t distance,
		      const struct sequence_policy *policy, struct text *reason)
{
	redisContext *redis = session->redis;
	size_t len = name_len, commands = 5;
	char text[REDIS_POLICY_SIZE];
	enum store_result result;
	redisReply *exec;

	redisAppendCommand(redis, "MULTI");
	redisAppendCommand(redis, "HSETNX " REDIS_ADOPTED " %b %llu", name, len,
			   (unsigned long long)(sequence->value - sequence->moved));
	redisAppendCommand(redis, "ZADD " REDIS_NAMES " 0 %b", name, len);
	redisAppendCommand(redis, "INCRBY %b %llu", name, len, (unsigned long long)distance);
	redisAppendCommand(redis, "HINCRBY " REDIS_MOVED " %b %llu", name, len,
			   (unsigned long long)distance);
	redisAppendCommand(redis, "HINCRBY " REDIS_CLOCK " newest %llu",
			   (unsigned long long)distance);
	if (policy != NULL) {
		redis_policy_write(policy, text);
		redisAppendCommand(redis, "HSET " REDIS_POLICIES " %b %s", name, len, text);
		commands++;
	}
	if (policy != NULL && policy->is_retired) {
		redisAppendCommand(redis, "SADD " REDIS_RETIRED " %b", name, len);
		commands++;
	}
	redisAppendCommand(redis, "EXEC");
	result = redis_hear_exec(session, commands, &exec, reason);
	if (result != STORE_OK)
		return result;
	if (exec->type != REDIS_REPLY_ARRAY) {
		text_add(reason, "the sequence was changed in this moment");
		result = STORE_BUSY;
	}
	for (size_t i = 0; result == STORE_OK && i < exec->elements; i++)
		if (exec->element[i]->type == REDIS_REPLY_ERROR)
			result = redis_explain(exec->element[i], reason);
	freeReplyObject(exec);
	return result;
}

/* An operator's change of a sequence. */
struct redis_change {
	const char *name;
	uint8_t name_len;
	const struct sequence_policy *wanted; /* of a declaration */
	uint64_t number;		      /* of a jump */
	enum store_declared declared;
	bool found;
};
typedef enum store_result redis_step_fn(struct store_session *session, struct redis_change *change,
					struct text *reason);

/* Run STEP until no statement moves the sequence between its read and its write. */
static enum store_result
redis_policies_repeat(struct store_session *session, redis_step_fn *step,
		      struct redis_change *change, struct text *reason)
{
	enum store_result result = STORE_BUSY;

	for (unsigned i = 0; i < MOST_ATTEMPTS && result == STORE_BUSY; i++) {
		text_clear(reason);
		result = step(session, change, reason);
	}
	return result;
}

static enum store_result
redis_policies_make(struct store_session *session, const struct redis_change *change,
		    const struct redis_sequence *sequence, struct text *reason)
{
	struct sequence_policy policy = *change->wanted;
	uint64_t distance;
	enum store_result result =
		sequence_rows_jump(0, 0, sequence->clock, policy.start - 1, &distance, reason);

	if (result != STORE_OK)
		return result;
	policy.revision = policy.revision > 1 ? policy.revision : 1;
	policy.is_declared = true;
	return redis_policies_change(session, change->name, change->name_len, sequence, distance,
				     &policy, reason);
}

static enum store_result
redis_policies_declare(struct store_session *session, struct redis_change *change,
		       struct text *reason)
{
	struct redis_sequence sequence = {.is_found = false};
	struct sequence_policy policy = *change->wanted;
	enum store_result result = redis_policies_read(session, change->name, change->name_len,
						       true, &sequence, reason);
	bool is_same;

	change->declared = STORE_DECLARED_MADE;
	if (result != STORE_OK)
		return result;
	if (!sequence.is_found)
		return redis_policies_make(session, change, &sequence, reason);
	if (!sequence_rows_may_become(&sequence.policy, change->wanted, &is_same, reason)) {
		change->declared = STORE_DECLARED_DIFFERS;
		return STORE_OK;
	}
	change->declared = is_same ? STORE_DECLARED_SAME : STORE_DECLARED_CHANGED;
	if (is_same)
		return STORE_OK;
	policy.is_declared = true;
	policy.revision = sequence.policy.revision + 1;
	if (policy.revision < change->wanted->revision)
		policy.revision = change->wanted->revision;
	return redis_policies_change(session, change->name, change->name_len, &sequence, 0, &policy,
				     reason);
}

enum store_result
redis_declare(struct store_session *session, const char *name, uint8_t name_len,
	      const struct sequence_policy *wanted, enum store_declared *declared,
	      struct text *reason)
{
	struct redis_change change = {.name = name, .name_len = name_len, .wanted = wanted};
	enum store_result result =
		redis_policies_repeat(session, redis_policies_declare, &change, reason);

	*declared = change.declared;
	return result;
}

static enum store_result
redis_policies_retire(struct store_session *session, struct redis_change *change,
		      struct text *reason)
{
	struct redis_sequence sequence = {.is_found = false};
	struct sequence_policy policy;
	enum store_result result = redis_policies_read(session, change->name, change->name_len,
						       true, &sequence, reason);

	change->found = sequence.is_found;
	if (result != STORE_OK || !sequence.is_found || sequence.policy.is_retired)
		return result;
	policy = sequence.policy;
	policy.is_retired = true;
	policy.revision++;
	return redis_policies_change(session, change->name, change->name_len, &sequence, 0, &policy,
				     reason);
}

enum store_result
redis_retire(struct store_session *session, const char *name, uint8_t name_len, bool *found,
	     struct text *reason)
{
	struct redis_change change = {.name = name, .name_len = name_len};
	enum store_result result =
		redis_policies_repeat(session, redis_policies_retire, &change, reason);

	*found = change.found;
	return result;
}

static enum store_result
redis_policies_jump(struct store_session *session, struct redis_change *change, struct text *reason)
{
	struct redis_sequence sequence = {.is_found = false};
	uint64_t distance = 0;
	enum store_result result = redis_policies_read(session, change->name, change->name_len,
						       true, &sequence, reason);

	change->found = sequence.is_found;
	if (result == STORE_OK && sequence.is_found)
		result = sequence_rows_jump(sequence.value, sequence.raised, sequence.clock,
					    change->number, &distance, reason);
	if (result != STORE_OK || distance == 0)
		return result;
	return redis_policies_change(session, change->name, change->name_len, &sequence, distance,
				     NULL, reason);
}

enum store_result
redis_jump(struct store_session *session, const char *name, uint8_t name_len, uint64_t number,
	   bool *found, struct text *reason)
{
	struct redis_change change = {.name = name, .name_len = name_len, .number = number};
	enum store_result result =
		redis_policies_repeat(session, redis_policies_jump, &change, reason);

	*found = change.found;
	return result;
}
