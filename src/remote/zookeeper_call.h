/*
 * zookeeper_call -- one call of the ZooKeeper library, and where its answer goes. Only zookeeper.c uses it.
 *
 * The library's own thread runs completions and watchers. A completion notes its result in a call. The waiting thread
 * and the library own the call together: the thread may give up at its deadline, and the library still writes there
 * later. So a call has two references, and the one that returns last frees it. The client's mutex guards all calls.
 */
#ifndef TICKR_REMOTE_ZOOKEEPER_CALL_H
#define TICKR_REMOTE_ZOOKEEPER_CALL_H

#include <pthread.h>
#include <zookeeper/zookeeper.h>

#include "remote/zookeeper.h"

struct zookeeper {
	zhandle_t *handle;
	bool has_digest;

	pthread_mutex_t mutex; /* guards all below, and the calls */
	pthread_cond_t changed;
	bool is_connected, is_expired;
	bool has_event;
};

struct zookeeper_call {
	struct zookeeper *client;
	unsigned references;
	bool is_done;
	int code;

	struct zookeeper_node node;
	struct zookeeper_names names;

	zoo_op_result_t results[ZOOKEEPER_MOST_OPERATIONS];
	struct Stat stats[ZOOKEEPER_MOST_OPERATIONS];
};

/* A call of CLIENT with both references. */
struct zookeeper_call *zookeeper_call_new(struct zookeeper *client) MUST_CHECK;

/* Return one reference. With the mutex locked. */
void zookeeper_call_leave(struct zookeeper_call *call);

void zookeeper_call_take_stat(struct zookeeper_node *node, const struct Stat *stat);

/* Completions, in the library's thread. ARG is the call, which they end. */
void zookeeper_call_on_get(int code, const char *value, int len, const struct Stat *stat,
			   const void *arg);
void zookeeper_call_on_children(int code, const struct String_vector *found, const void *arg);
void zookeeper_call_on_exists(int code, const struct Stat *stat, const void *arg);
void zookeeper_call_on_sync(int code, const char *path, const void *arg);
void zookeeper_call_on_end(int code, const void *arg);

#endif
