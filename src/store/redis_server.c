/*
 * The settings of a Redis server under which a crash, a full memory or a failover repeats numbers. They are read when a
 * session opens, and again each second, because CONFIG SET changes them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/redis_session.h"

#define VALUE_SIZE     64
#define CHECK_EVERY_MS 1000

/* Copy the value of FIELD in the text of INFO; "": there is none. */
static void
redis_server_field(const char *info, const char *field, char value[VALUE_SIZE])
{
	size_t len = strlen(field);

	value[0] = '\0';
	for (const char *line = info; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, field, len) != 0 || line[len] != ':')
			continue;
		line += len + 1;
		len = strcspn(line, "\r\n");
		memcpy(value, line, len < VALUE_SIZE ? len : VALUE_SIZE - 1);
		value[len < VALUE_SIZE ? len : VALUE_SIZE - 1] = '\0';
		return;
	}
}

/* Refuse the server unless FIELD is WANTED. */
static bool
redis_server_has(const char *info, const char *field, const char *wanted, const char *words,
		 struct text *reason)
{
	char value[VALUE_SIZE];

	redis_server_field(info, field, value);
	if (strcmp(value, wanted) == 0)
		return true;
	text_addf(reason, "Redis has %s:%s, and must have %s: %s", field, value, wanted, words);
	return false;
}

static enum store_result
redis_server_judge_info(struct store_session *session, const char *info, struct text *reason)
{
	char run_id[VALUE_SIZE];

	redis_server_field(info, "run_id", run_id);
	if (session->run_id[0] != '\0' && strcmp(session->run_id, run_id) != 0) {
		text_add(reason, "another Redis process answers than before");
		return STORE_LOST;
	}
	memcpy(session->run_id, run_id, sizeof(session->run_id));
	if (!redis_server_has(info, "role", "master", "it is a replica, so ask its master",
			      reason) ||
	    !redis_server_has(info, "loading", "0", "it loads its data", reason))
		return STORE_UNREADY;
	if (redis_server_has(info, "redis_mode", "standalone",
			     "a cluster cannot move several keys and the clock together", reason) &&
	    redis_server_has(info, "aof_enabled", "1", "set appendonly yes", reason) &&
	    redis_server_has(info, "aof_last_write_status", "ok", "check its disk", reason))
		return STORE_OK;
	return STORE_REFUSED;
}

static enum store_result
redis_server_ask_info(struct store_session *session, struct text *reason)
{
	enum store_result result;
	redisReply *info;

	redisAppendCommand(session->redis, "INFO");
	info = redis_hear(session, reason);
	if (info == NULL)
		return STORE_LOST;
	result = info->type == REDIS_REPLY_STRING
			 ? redis_server_judge_info(session, info->str, reason)
			 : redis_explain(info, reason);
	freeReplyObject(info);
	return result;
}

/* Refuse the server unless CONFIG shows that NAME is WANTED. */
static enum store_result
redis_server_ask_config(struct store_session *session, const char *name, const char *wanted,
			struct text *reason)
{
	enum store_result result = STORE_REFUSED;
	redisReply *reply;

	redisAppendCommand(session->redis, "CONFIG GET %s", name);
	reply = redis_hear(session, reason);
	if (reply == NULL)
		return STORE_LOST;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		text_addf(reason,
			  "Redis forbids CONFIG GET %s, so its durability is not known: allow it, "
			  "or set durability to promised in the metadata of the store",
			  name);
	else if (strcmp(reply->element[1]->str, wanted) != 0)
		text_addf(reason, "Redis has %s %s, which repeats numbers: set %s %s", name,
			  reply->element[1]->str, name, wanted);
	else
		result = STORE_OK;
	freeReplyObject(reply);
	return result;
}

enum store_result
redis_check_server(struct store_session *session, struct text *reason)
{
	enum store_result result = redis_server_ask_info(session, reason);

	if (result != STORE_OK || session->own->is_promised)
		return result;
	result = redis_server_ask_config(session, "appendfsync", "always", reason);
	if (result == STORE_OK)
		result = redis_server_ask_config(session, "maxmemory-policy", "noeviction", reason);
	return result;
}

enum store_result
redis_check_again(struct store_session *session, struct text *reason)
{
	uint64_t now_ms = clock_ms();

	if (now_ms - session->checked_ms < CHECK_EVERY_MS)
		return STORE_OK;
	session->checked_ms = now_ms;
	return redis_check_server(session, reason);
}
