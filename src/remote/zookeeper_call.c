#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "remote/zookeeper_call.h"

void
zookeeper_names_free(struct zookeeper_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct zookeeper_names){0};
}

struct zookeeper_call *
zookeeper_call_new(struct zookeeper *client)
{
	struct zookeeper_call *call = xcalloc(1, sizeof(*call));

	call->client = client;
	call->references = 2;
	return call;
}

void
zookeeper_call_leave(struct zookeeper_call *call)
{
	if (--call->references > 0)
		return;
	free(call->node.value);
	zookeeper_names_free(&call->names);
	free(call);
}

/* The library has answered CALL with CODE, and forgets it. With the mutex locked. */
static void
zookeeper_call_end(struct zookeeper_call *call, int code)
{
	call->code = code;
	call->is_done = true;
	pthread_cond_broadcast(&call->client->changed);
	zookeeper_call_leave(call);
}

void
zookeeper_call_take_stat(struct zookeeper_node *node, const struct Stat *stat)
{
	node->version = stat->version;
	node->mzxid = (uint64_t)stat->mzxid;
	node->mtime_ms = (uint64_t)stat->mtime;
	node->owner = (uint64_t)stat->ephemeralOwner;
}

void
zookeeper_call_on_get(int code, const char *value, int len, const struct Stat *stat,
		      const void *arg)
{
	struct zookeeper_call *call = (void *)arg;
	struct zookeeper *client = call->client;

	pthread_mutex_lock(&client->mutex);
	if (code == ZOK) {
		call->node.value_len = len > 0 ? (size_t)len : 0;
		call->node.value = xcalloc(1, call->node.value_len + 1);
		if (len > 0)
			memcpy(call->node.value, value, (size_t)len);
		zookeeper_call_take_stat(&call->node, stat);
	}
	zookeeper_call_end(call, code);
	pthread_mutex_unlock(&client->mutex);
}

void
zookeeper_call_on_children(int code, const struct String_vector *found, const void *arg)
{
	struct zookeeper_call *call = (void *)arg;
	struct zookeeper *client = call->client;

	pthread_mutex_lock(&client->mutex);
	if (code == ZOK && found != NULL && found->count > 0) {
		call->names.count = (size_t)found->count;
		call->names.names = xcalloc(call->names.count, sizeof(*call->names.names));
		for (size_t i = 0; i < call->names.count; i++)
			call->names.names[i] = xstrdup(found->data[i]);
	}
	zookeeper_call_end(call, code);
	pthread_mutex_unlock(&client->mutex);
}

void
zookeeper_call_on_exists(int code, const struct Stat *stat, const void *arg)
{
	struct zookeeper_call *call = (void *)arg;
	struct zookeeper *client = call->client;

	(void)stat;
	pthread_mutex_lock(&client->mutex);
	zookeeper_call_end(call, code);
	pthread_mutex_unlock(&client->mutex);
}

void
zookeeper_call_on_end(int code, const void *arg)
{
	zookeeper_call_on_exists(code, NULL, arg);
}

void
zookeeper_call_on_sync(int code, const char *path, const void *arg)
{
	(void)path;
	zookeeper_call_on_exists(code, NULL, arg);
}
