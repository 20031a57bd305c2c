/*
 * zookeeper_session -- what the files of the coordinator ZooKeeper share. See coordinator.h for the threads.
 */
#ifndef TICKR_LEASE_ZOOKEEPER_SESSION_H
#define TICKR_LEASE_ZOOKEEPER_SESSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease/coordinator.h"
#include "remote/zookeeper.h"

#define KEEPER_HOSTS_SIZE  4096
#define KEEPER_DIGEST_SIZE 600

struct keeper_session {
	char hosts[KEEPER_HOSTS_SIZE];
	char digest[KEEPER_DIGEST_SIZE]; /* "": none */
	uint64_t ttl_ms;
	uint64_t heard_ms; /* when ZooKeeper was last known to answer */
	bool is_armed;	   /* the shared settings are watched */

	pthread_mutex_t mutex; /* guards the fields below against wake() */
	pthread_cond_t woken;
	struct zookeeper *client; /* NULL: no session. Changed by the coordination thread alone */
	bool is_woken;
};

/* Return the result of a call, from CODE if ZooKeeper has refused it. Note that ZooKeeper has answered. */
enum coordinator_result keeper_result(struct keeper_session *session, enum zookeeper_result result,
				      int code);

/* The result of a call without a session. */
enum coordinator_result keeper_no_session(struct text *reason);

/* zookeeper_commit.c: coordinator_kind.commit(). */
enum coordinator_result keeper_commit(void *self, uint64_t until_ms, struct coordinator_step *steps,
				      size_t count, struct text *reason);

#endif
