#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "store/redis_session.h"

/* --- replies ------------------------------------------------------------------------------------- */

redisReply *
redis_hear(struct store_session *session, struct text *reason)
{
	redisReply *reply = NULL;

	if (redisGetReply(session->redis, (void **)&reply) == REDIS_OK && reply != NULL)
		return reply;
	text_addf(reason, "the connection to Redis at %s is lost: %s", session->own->label,
		  session->redis->errstr);
	return NULL;
}

static bool
redis_says(const redisReply *reply, const char *word)
{
	return strncmp(reply->str, word, strlen(word)) == 0;
}

enum store_result
redis_explain(const redisReply *reply, struct text *reason)
{
	text_add(reason, "Redis answers: ");
	text_add_quoted(reason, reply->str, 160);
	if (redis_says(reply, "LOADING") || redis_says(reply, "READONLY") ||
	    redis_says(reply, "MASTERDOWN") || redis_says(reply, "BUSY") ||
	    redis_says(reply, "NOREPLICAS") || redis_says(reply, "CLUSTERDOWN"))
		return STORE_UNREADY;
	if (redis_says(reply, "NOPERM"))
		text_add(reason, ": let the user run this command");
	return STORE_FAILED;
}

enum store_result
redis_hear_ok(struct store_session *session, struct text *reason)
{
	redisReply *reply = redis_hear(session, reason);
	enum store_result result = STORE_OK;

	if (reply == NULL)
		return STORE_LOST;
	if (reply->type == REDIS_REPLY_ERROR)
		result = redis_explain(reply, reason);
	freeReplyObject(reply);
	return result;
}

/* An error while commands are queued makes EXEC fail too, and then nothing was changed. */
enum store_result
redis_hear_exec(struct store_session *session, size_t commands, redisReply **exec,
		struct text *reason)
{
	enum store_result result = STORE_OK;

	for (size_t i = 0; i <= commands; i++) {
		enum store_result one;
		char memory[256];
		struct text why = TEXT_OVER(memory);

		one = redis_hear_ok(session, &why);
		if (one != STORE_OK && result == STORE_OK) {
			text_add(reason, memory);
			result = one;
		}
		if (one == STORE_LOST)
			return STORE_LOST;
	}
	*exec = redis_hear(session, reason);
	if (*exec == NULL)
		return STORE_LOST;
	if (result == STORE_OK && (*exec)->type == REDIS_REPLY_ERROR)
		result = redis_explain(*exec, reason);
	if (result == STORE_OK && (*exec)->type == REDIS_REPLY_ARRAY &&
	    (*exec)->elements != commands) {
		text_add(reason, "Redis answers with another number of results than tickrd "
				 "requested: remove the proxy");
		result = STORE_REFUSED;
	}
	if (result != STORE_OK)
		freeReplyObject(*exec);
	return result;
}

enum store_result
redis_unwatch(struct store_session *session, struct text *reason)
{
	session->is_watching = false;
	redisAppendCommand(session->redis, "UNWATCH");
	return redis_hear_ok(session, reason);
}

bool
redis_number(const redisReply *reply, uint64_t *number)
{
	*number = 0;
	if (reply->type == REDIS_REPLY_NIL)
		return true;
	if (reply->type == REDIS_REPLY_INTEGER) {
		*number = (uint64_t)reply->integer;
		return reply->integer >= 0;
	}
	return reply->type == REDIS_REPLY_STRING &&
	       parse_number(reply->str, reply->len, INT64_MAX, number);
}

/* --- policies ------------------------------------------------------------------------------------ */

void
redis_policy_write(const struct sequence_policy *policy, char text[REDIS_POLICY_SIZE])
{
	snprintf(text, REDIS_POLICY_SIZE,
		 "%" PRIu32 " %d %d %" PRIu64 " %" PRIu64 " %u %d %d %" PRIu64, policy->revision,
		 (int)policy->order, (int)policy->form, policy->start, policy->most, policy->width,
		 policy->is_retired, policy->is_declared, policy->fingerprint);
}

bool
redis_policy_read(const redisReply *reply, struct sequence_policy *policy)
{
	unsigned order, form, width, is_retired, is_declared;
	struct sequence_policy read = SEQUENCE_DEFAULT_POLICY;

	*policy = read;
	if (reply == NULL || reply->type == REDIS_REPLY_NIL)
		return true;
	if (reply->type != REDIS_REPLY_STRING ||
	    sscanf(reply->str, "%" SCNu32 " %u %u %" SCNu64 " %" SCNu64 " %u %u %u %" SCNu64,
		   &read.revision, &order, &form, &read.start, &read.most, &width, &is_retired,
		   &is_declared, &read.fingerprint) != 9)
		return false;
	read.order = order == SEQUENCE_WEAK ? SEQUENCE_WEAK : SEQUENCE_STRONG;
	read.form = form == SEQUENCE_SCRAMBLED ? SEQUENCE_SCRAMBLED : SEQUENCE_PLAIN;
	read.width = (uint8_t)width;
	read.is_retired = is_retired != 0;
	read.is_declared = is_declared != 0;
	*policy = read;
	return true;
}

/* --- keys that were there before ----------------------------------------------------------------- */

static enum store_result
redis_judge_adopted(const char *name, size_t name_len, uint64_t noted, int64_t difference,
		    long long ttl, struct text *reason)
{
	if (ttl >= 0) {
		text_addf(reason,
			  "the key %.*s expires, and would begin at 1 again: run PERSIST on it",
			  (int)name_len, name);
		return STORE_REFUSED;
	}
	if (difference >= 0 && noted == (uint64_t)difference)
		return STORE_OK;
	text_addf(reason,
		  "the key %.*s was moved without tickrd's clock: stop every other program that "
		  "uses it, see docs/stores.md",
		  (int)name_len, name);
	return STORE_REFUSED;
}

enum store_result
redis_adopt(struct store_session *session, const char *name, size_t name_len, uint64_t value,
	    uint64_t moved, struct text *reason)
{
	int64_t difference = (int64_t)(value - moved);
	enum store_result result;
	redisReply *exec;
	uint64_t noted;

	result = redis_unwatch(session, reason);
	if (result != STORE_OK)
		return result;
	redisAppendCommand(session->redis, "MULTI");
	redisAppendCommand(session->redis, "HSETNX " REDIS_ADOPTED " %b %lld", name, name_len,
			   (long long)difference);
	redisAppendCommand(session->redis, "ZADD " REDIS_NAMES " 0 %b", name, name_len);
	redisAppendCommand(session->redis, "HGET " REDIS_ADOPTED " %b", name, name_len);
	redisAppendCommand(session->redis, "PTTL %b", name, name_len);
	redisAppendCommand(session->redis, "EXEC");
	result = redis_hear_exec(session, 4, &exec, reason);
	if (result != STORE_OK)
		return result;
	if (exec->type != REDIS_REPLY_ARRAY || !redis_number(exec->element[2], &noted))
		noted = UINT64_MAX;
	result = redis_judge_adopted(
		name, name_len, noted, difference,
		exec->type == REDIS_REPLY_ARRAY ? exec->element[3]->integer : 0, reason);
	freeReplyObject(exec);
	return result;
}
