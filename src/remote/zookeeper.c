#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "remote/zookeeper_call.h"

/* --- the library's threads ------------------------------------------------------------------------ */

/* A line of the library: TIME:PROCESS:LEVEL@FUNCTION@LINE: WORDS. While it reconnects it writes hundreds a second. */
static void
zookeeper_on_log(const char *line)
{
	static struct log_limit limit;
	const char *words = strstr(line, ":ZOO_");
	uint64_t held_back;

	if (words != NULL)
		words = strstr(words, ": ");
	if (log_limit_allows(&limit, clock_ms(), &held_back))
		log_debug("message of the ZooKeeper library",
			  LOG_TEXT("reason", words != NULL ? words + 2 : line),
			  LOG_NUMBER("held_back", held_back));
}

static void
zookeeper_on_event(zhandle_t *handle, int type, int state, const char *path, void *arg)
{
	struct zookeeper *client = arg;

	(void)handle;
	(void)path;
	pthread_mutex_lock(&client->mutex);
	if (type == ZOO_SESSION_EVENT) {
		client->is_connected = state == ZOO_CONNECTED_STATE;
		client->is_expired |=
			state == ZOO_EXPIRED_SESSION_STATE || state == ZOO_AUTH_FAILED_STATE;
	}
	client->has_event = true;
	pthread_cond_broadcast(&client->changed);
	pthread_mutex_unlock(&client->mutex);
}

/* --- waiting --------------------------------------------------------------------------------------- */

static enum zookeeper_result
zookeeper_judge(struct zookeeper *client, int code, bool is_sent)
{
	switch (code) {
	case ZOK: return ZOOKEEPER_OK;
	case ZSESSIONEXPIRED:
	case ZAUTHFAILED: client->is_expired = true; return ZOOKEEPER_EXPIRED;
	case ZINVALIDSTATE:
		if (client->is_expired)
			return ZOOKEEPER_EXPIRED;
		return is_sent ? ZOOKEEPER_UNKNOWN : ZOOKEEPER_AWAY;
	case ZNONODE:
	case ZNOAUTH:
	case ZBADVERSION:
	case ZNODEEXISTS:
	case ZNOTEMPTY:
	case ZNOCHILDRENFOREPHEMERALS:
	case ZINVALIDACL:
	case ZBADARGUMENTS:
	case ZMARSHALLINGERROR:
	case ZNOTREADONLY: return ZOOKEEPER_REFUSED;
	default: return is_sent ? ZOOKEEPER_UNKNOWN : ZOOKEEPER_AWAY;
	}
}

/* Wait for the end of CALL, which the library accepted with the code SENT. With the mutex locked. */
static enum zookeeper_result
zookeeper_await(struct zookeeper *client, struct zookeeper_call *call, int sent,
		uint64_t deadline_ms, int *code, struct text *reason)
{
	struct timespec until = clock_moment(deadline_ms);
	enum zookeeper_result result;

	if (sent != ZOK) {
		zookeeper_call_leave(call); /* there will be no completion */
		result = zookeeper_judge(client, sent, false);
		text_addf(reason, "cannot send a request to ZooKeeper: %s", zerror(sent));
		return result;
	}
	while (!call->is_done)
		if (pthread_cond_timedwait(&client->changed, &client->mutex, &until) != 0)
			break;
	if (!call->is_done) {
		text_add(reason, "no answer from ZooKeeper in time");
		return client->is_expired ? ZOOKEEPER_EXPIRED : ZOOKEEPER_UNKNOWN;
	}
	if (code != NULL)
		*code = call->code;
	result = zookeeper_judge(client, call->code, true);
	if (result != ZOOKEEPER_OK)
		text_addf(reason, "ZooKeeper answered: %s", zerror(call->code));
	return result;
}

/* Set *CODE, and say whether a server is connected. Otherwise the library would keep the request for later. */
static bool
zookeeper_may_send(struct zookeeper *client, int *code, enum zookeeper_result *result,
		   struct text *reason)
{
	if (code != NULL)
		*code = 0;
	pthread_mutex_lock(&client->mutex);
	*result = client->is_expired	 ? ZOOKEEPER_EXPIRED
		  : client->is_connected ? ZOOKEEPER_OK
					 : ZOOKEEPER_AWAY;
	pthread_mutex_unlock(&client->mutex);
	if (*result == ZOOKEEPER_EXPIRED)
		text_add(reason, "the session with ZooKeeper is over");
	else if (*result == ZOOKEEPER_AWAY)
		text_add(reason, "ZooKeeper is not connected");
	return *result == ZOOKEEPER_OK;
}

/* Watch PATH, which did not exist. If it was made meanwhile, the caller reads again. */
static enum zookeeper_result
zookeeper_watch_missing(struct zookeeper *client, const char *path, uint64_t deadline_ms,
			struct text *reason)
{
	struct zookeeper_call *call = zookeeper_call_new(client);
	int sent = zoo_aexists(client->handle, path, 1, zookeeper_call_on_exists, call);
	enum zookeeper_result result;

	pthread_mutex_lock(&client->mutex);
	result = zookeeper_await(client, call, sent, deadline_ms, NULL, reason);
	zookeeper_call_leave(call);
	client->has_event |= result == ZOOKEEPER_OK;
	pthread_mutex_unlock(&client->mutex);
	return result == ZOOKEEPER_OK ? ZOOKEEPER_REFUSED : result;
}

enum zookeeper_result
zookeeper_get(struct zookeeper *client, const char *path, bool is_watched, uint64_t deadline_ms,
	      struct zookeeper_node *node, int *code, struct text *reason)
{
	struct zookeeper_call *call;
	enum zookeeper_result result;
	int own_code = 0, sent;

	if (!zookeeper_may_send(client, code, &result, reason))
		return result;
	call = zookeeper_call_new(client);
	sent = zoo_aget(client->handle, path, is_watched, zookeeper_call_on_get, call);
	pthread_mutex_lock(&client->mutex);
	result = zookeeper_await(client, call, sent, deadline_ms, &own_code, reason);
	if (result == ZOOKEEPER_OK) {
		*node = call->node;
		call->node.value = NULL;
	}
	zookeeper_call_leave(call);
	pthread_mutex_unlock(&client->mutex);
	if (result == ZOOKEEPER_REFUSED && own_code == ZNONODE && is_watched)
		result = zookeeper_watch_missing(client, path, deadline_ms, reason);
	if (code != NULL)
		*code = own_code;
	return result;
}

enum zookeeper_result
zookeeper_children(struct zookeeper *client, const char *path, bool is_watched,
		   uint64_t deadline_ms, struct zookeeper_names *names, int *code,
		   struct text *reason)
{
	struct zookeeper_call *call;
	enum zookeeper_result result;
	int sent;

	if (!zookeeper_may_send(client, code, &result, reason))
		return result;
	call = zookeeper_call_new(client);
	sent = zoo_aget_children(client->handle, path, is_watched, zookeeper_call_on_children,
				 call);
	pthread_mutex_lock(&client->mutex);
	result = zookeeper_await(client, call, sent, deadline_ms, code, reason);
	if (result == ZOOKEEPER_OK) {
		*names = call->names;
		call->names = (struct zookeeper_names){0};
	}
	zookeeper_call_leave(call);
	pthread_mutex_unlock(&client->mutex);
	return result;
}

enum zookeeper_result
zookeeper_sync(struct zookeeper *client, uint64_t deadline_ms, struct text *reason)
{
	struct zookeeper_call *call;
	enum zookeeper_result result;
	int sent;

	if (!zookeeper_may_send(client, NULL, &result, reason))
		return result;
	call = zookeeper_call_new(client);
	sent = zoo_async(client->handle, "/", zookeeper_call_on_sync, call);
	pthread_mutex_lock(&client->mutex);
	result = zookeeper_await(client, call, sent, deadline_ms, NULL, reason);
	zookeeper_call_leave(call);
	pthread_mutex_unlock(&client->mutex);
	return result;
}

/* --- transactions ---------------------------------------------------------------------------------- */

static void
zookeeper_prepare(const struct zookeeper *client, const struct zookeeper_operation *operation,
		  zoo_op_t *op, struct Stat *stat)
{
	const struct ACL_vector *rights =
		client->has_digest ? &ZOO_CREATOR_ALL_ACL : &ZOO_OPEN_ACL_UNSAFE;
	int len = (int)operation->value_len;

	switch (operation->kind) {
	case ZOOKEEPER_CREATE:
	case ZOOKEEPER_CREATE_EPHEMERAL:
		zoo_create_op_init(
			op, operation->path, operation->value, len, rights,
			operation->kind == ZOOKEEPER_CREATE_EPHEMERAL ? ZOO_EPHEMERAL : 0, NULL, 0);
		break;
	case ZOOKEEPER_SET:
		zoo_set_op_init(op, operation->path, operation->value, len, operation->version,
				stat);
		break;
	case ZOOKEEPER_DELETE: zoo_delete_op_init(op, operation->path, operation->version); break;
	case ZOOKEEPER_CHECK: zoo_check_op_init(op, operation->path, operation->version); break;
	}
}

enum zookeeper_result
zookeeper_run(struct zookeeper *client, struct zookeeper_operation *operations, size_t count,
	      uint64_t deadline_ms, int *code, struct text *reason)
{
	zoo_op_t ops[ZOOKEEPER_MOST_OPERATIONS];
	struct zookeeper_call *call;
	enum zookeeper_result result;
	int sent;

	assert(count > 0 && count <= ZOOKEEPER_MOST_OPERATIONS);
	if (!zookeeper_may_send(client, code, &result, reason))
		return result;
	call = zookeeper_call_new(client);
	for (size_t i = 0; i < count; i++)
		zookeeper_prepare(client, &operations[i], &ops[i], &call->stats[i]);
	sent = zoo_amulti(client->handle, (int)count, ops, call->results, zookeeper_call_on_end,
			  call);
	pthread_mutex_lock(&client->mutex);
	result = zookeeper_await(client, call, sent, deadline_ms, code, reason);
	for (size_t i = 0; i < count && call->is_done; i++) {
		operations[i].code = call->results[i].err;
		operations[i].node = (struct zookeeper_node){0};
		if (result == ZOOKEEPER_OK && operations[i].kind == ZOOKEEPER_SET)
			zookeeper_call_take_stat(&operations[i].node, &call->stats[i]);
	}
	zookeeper_call_leave(call);
	pthread_mutex_unlock(&client->mutex);
	return result;
}

enum zookeeper_result
zookeeper_make_folder(struct zookeeper *client, const char *path, uint64_t deadline_ms,
		      struct text *reason)
{
	enum zookeeper_result result = ZOOKEEPER_OK;

	for (const char *end = path + 1; result == ZOOKEEPER_OK && *end != '\0';) {
		struct zookeeper_operation make = {.kind = ZOOKEEPER_CREATE, .value = ""};
		char *part;
		int code;

		end += strcspn(end, "/");
		part = xstrndup(path, (size_t)(end - path));
		make.path = part;
		result = zookeeper_run(client, &make, 1, deadline_ms, &code, reason);
		if (result == ZOOKEEPER_REFUSED && code == ZOOKEEPER_EXISTS) {
			text_clear(reason);
			result = ZOOKEEPER_OK;
		}
		free(part);
		end += *end == '/';
	}
	return result;
}

/* --- the session ----------------------------------------------------------------------------------- */

static bool
zookeeper_wait_for_session(struct zookeeper *client, uint64_t deadline_ms)
{
	struct timespec until = clock_moment(deadline_ms);
	bool is_connected;

	pthread_mutex_lock(&client->mutex);
	while (!client->is_connected && !client->is_expired)
		if (pthread_cond_timedwait(&client->changed, &client->mutex, &until) != 0)
			break;
	is_connected = client->is_connected;
	client->has_event = false;
	pthread_mutex_unlock(&client->mutex);
	return is_connected;
}

static enum zookeeper_result
zookeeper_add_digest(struct zookeeper *client, const char *digest, uint64_t deadline_ms,
		     struct text *reason)
{
	struct zookeeper_call *call = zookeeper_call_new(client);
	int sent = zoo_add_auth(client->handle, "digest", digest, (int)strlen(digest),
				zookeeper_call_on_end, call);
	enum zookeeper_result result;

	pthread_mutex_lock(&client->mutex);
	result = zookeeper_await(client, call, sent, deadline_ms, NULL, reason);
	zookeeper_call_leave(call);
	pthread_mutex_unlock(&client->mutex);
	return result;
}

void
zookeeper_end(struct zookeeper *client)
{
	if (client->handle != NULL)
		zookeeper_close(client->handle); /* ends all calls */
	pthread_cond_destroy(&client->changed);
	pthread_mutex_destroy(&client->mutex);
	free(client);
}

enum zookeeper_result
zookeeper_open(const struct zookeeper_settings *settings, uint64_t deadline_ms,
	       struct zookeeper **opened, struct text *reason)
{
	struct zookeeper *client = xcalloc(1, sizeof(*client));
	enum zookeeper_result result = ZOOKEEPER_AWAY;

	pthread_mutex_init(&client->mutex, NULL);
	clock_cond_init(&client->changed);
	client->has_digest = settings->digest != NULL;
	zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
	client->handle =
		zookeeper_init2(settings->hosts, zookeeper_on_event, (int)settings->session_ms,
				NULL, client, 0, zookeeper_on_log);
	if (client->handle == NULL)
		text_addf(reason, "the addresses of ZooKeeper are not usable: %s", settings->hosts);
	else if (!zookeeper_wait_for_session(client, deadline_ms))
		text_addf(reason, "cannot open a session with ZooKeeper at %s", settings->hosts);
	else if (settings->digest != NULL)
		result = zookeeper_add_digest(client, settings->digest, deadline_ms, reason);
	else
		result = ZOOKEEPER_OK;
	if (result == ZOOKEEPER_OK)
		*opened = client;
	else
		zookeeper_end(client);
	return result;
}

uint64_t
zookeeper_session(const struct zookeeper *client)
{
	return (uint64_t)zoo_client_id(client->handle)->client_id;
}

bool
zookeeper_is_expired(struct zookeeper *client)
{
	bool is_expired;

	pthread_mutex_lock(&client->mutex);
	is_expired = client->is_expired;
	pthread_mutex_unlock(&client->mutex);
	return is_expired;
}

bool
zookeeper_is_connected(struct zookeeper *client)
{
	bool is_connected;

	pthread_mutex_lock(&client->mutex);
	is_connected = client->is_connected;
	pthread_mutex_unlock(&client->mutex);
	return is_connected;
}

void
zookeeper_wait(struct zookeeper *client, uint64_t until_ms)
{
	struct timespec until = clock_moment(until_ms);

	pthread_mutex_lock(&client->mutex);
	while (!client->has_event)
		if (pthread_cond_timedwait(&client->changed, &client->mutex, &until) != 0)
			break;
	client->has_event = false;
	pthread_mutex_unlock(&client->mutex);
}

void
zookeeper_wake(struct zookeeper *client)
{
	pthread_mutex_lock(&client->mutex);
	client->has_event = true;
	pthread_cond_broadcast(&client->changed);
	pthread_mutex_unlock(&client->mutex);
}
