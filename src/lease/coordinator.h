/*
 * coordinator -- the seam between the rules of worker ids and the servers that keep them: etcd or ZooKeeper.
 *
 * A coordinator stores nodes, which have a path and a text as value. It runs several steps in one transaction, and
 * ends the nodes of a session that is no longer kept alive.
 *
 * One thread makes all calls but wake(). Each may block, and ends soon after UNTIL_MS of clock_ms(). If the
 * result is not COORDINATOR_OK, REASON names the cause.
 */
#ifndef TICKR_LEASE_COORDINATOR_H
#define TICKR_LEASE_COORDINATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "lease/tree.h"

struct coordinator_kind;

/* The operator's settings. Constant, and as long as the lease. */
struct coordinator_settings {
	const struct coordinator_kind *kind;
	const char *const *endpoints; /* etcd: URLs; ZooKeeper: host:port */
	size_t endpoints_count;	      /* 1 or more */
	const char *prefix;
	enum tree_layout layout;
	const char *username, *password;	    /* NULL: none */
	const char *ca_file, *cert_file, *key_file; /* NULL: none */
	uint64_t ttl_ms;			    /* of the session */
};

enum coordinator_result {
	COORDINATOR_OK,
	COORDINATOR_FAILED,  /* a condition of a step does not hold, so no step was done */
	COORDINATOR_UNKNOWN, /* no clear answer: it may have been done, or still will be */
	COORDINATOR_GONE,    /* the coordinator says that the session has ended */
	COORDINATOR_REFUSED, /* the coordinator rejects this server: its name, its password or its rights */
};

struct coordinator_node {
	bool exists;
	char *value;	   /* ends with a NUL; released with coordinator_node_free() */
	uint64_t version;  /* changes with each write */
	uint64_t creation; /* tells this node from another one that has its path later */
};

enum step_kind { STEP_CHECK, STEP_PUT, STEP_DELETE };

enum step_condition {
	STEP_ABSENT,  /* there is no such node */
	STEP_VERSION, /* the node has this VERSION */
	STEP_CREATION /* the node has this CREATION. A coordinator that cannot check it checks that there is one */
};

enum step_life {
	LIFE_FOR_EVER,
	LIFE_OF_SESSION,
	LIFE_OF_REST /* at least LIFE_MS, and then until somebody deletes it or for ever */
};

struct coordinator_step {
	enum step_kind kind;
	char path[TREE_PATH_SIZE];
	enum step_condition condition;
	uint64_t expected;   /* STEP_VERSION, STEP_CREATION */
	const char *value;   /* STEP_PUT */
	enum step_life life; /* STEP_PUT */
	uint64_t life_ms;    /* LIFE_OF_REST */

	/* After COORDINATOR_OK, of STEP_PUT. */
	uint64_t version;
	uint64_t creation; /* of a node that was absent */
};

#define COORDINATOR_MOST_STEPS 8

/* A node below a folder. VALUE is NULL if it was not asked for. Valid during the call. */
typedef void coordinator_visit_fn(void *arg, const char *name, const char *value);

struct coordinator_now {
	uint64_t revision;	/* each write of the coordinator raises it */
	uint64_t unix_ms;	/* its clock */
	uint64_t resolution_ms; /* the clock may be later than UNIX_MS by up to so much */
};

struct coordinator_kind {
	const char *name;      /* as in TICKR_COORDINATOR */
	bool has_rooted_paths; /* each path begins with a slash */

	/* Return the state, without connecting. NULL: the settings are wrong. */
	void *(*open)(const struct coordinator_settings *settings, struct text *reason);

	/* Begin a session, in place of an earlier one. */
	enum coordinator_result (*begin)(void *self, uint64_t until_ms, struct text *reason);

	/* End the session, and its nodes. Without an answer they end after the TTL. Without a session: nothing. */
	void (*end)(void *self, uint64_t until_ms);

	/* When the session ends unless it is kept alive, by clock_ms(); UINT64_MAX: there is no session. */
	uint64_t (*expires_at_ms)(void *self);

	/* Read the clock and the revision. */
	enum coordinator_result (*look)(void *self, uint64_t until_ms, const char *prefix,
					struct coordinator_now *now, struct text *reason);

	/* Call VISIT with each node below FOLDER. A folder that does not exist is empty. */
	enum coordinator_result (*list)(void *self, uint64_t until_ms, const char *folder,
					bool with_values, coordinator_visit_fn *visit, void *arg,
					struct text *reason);

	enum coordinator_result (*read)(void *self, uint64_t until_ms, const char *path,
					struct coordinator_node *node, struct text *reason);

	/* Do all steps, or none. */
	enum coordinator_result (*commit)(void *self, uint64_t until_ms,
					  struct coordinator_step *steps, size_t count,
					  struct text *reason);

	/*
	 * Keep the session alive, if there is one, and watch the nodes below FOLDER, if it is not NULL. Return at UNTIL_MS,
	 * after wake(), with COORDINATOR_GONE, or when a node has changed, which sets *HAS_CHANGED.
	 * COORDINATOR_UNKNOWN: the session could not be kept alive now.
	 */
	enum coordinator_result (*wait)(void *self, uint64_t until_ms, const char *folder,
					bool *has_changed, struct text *reason);

	void (*wake)(void *self); /* any thread */
	void (*close)(void *self);
};

void coordinator_node_free(struct coordinator_node *node);

#endif
