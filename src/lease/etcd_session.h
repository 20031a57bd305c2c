/*
 * etcd_session -- what the files of the coordinator etcd share. See coordinator.h for the threads.
 */
#ifndef TICKR_LEASE_ETCD_SESSION_H
#define TICKR_LEASE_ETCD_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease/coordinator.h"
#include "remote/etcd.h"

struct etcd_session {
	struct etcd *etcd;
	uint64_t ttl_ms;
	size_t endpoints_count;
	uint64_t lease; /* 0: none */
	uint64_t expires_at_ms, next_beat_ms;

	struct etcd_watch *watch; /* NULL: none */
	bool is_watching;	  /* etcd has said so */
	bool has_event;
	uint64_t next_watch_ms;

	_Atomic bool is_woken; /* wake() was called */
};

/* Return the result of a call, from CODE if etcd has refused it. A lease that is gone is only known by its code. */
enum coordinator_result lease_etcd_result(enum etcd_result result, unsigned code);

/* Whole seconds, rounded up. */
uint64_t lease_etcd_seconds(uint64_t ms);

/* etcd_commit.c: coordinator_kind.commit(). */
enum coordinator_result lease_etcd_commit(void *self, uint64_t until_ms,
					  struct coordinator_step *steps, size_t count,
					  struct text *reason);

#endif
