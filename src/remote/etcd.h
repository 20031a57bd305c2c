/*
 * etcd -- a client of etcd 3 through the JSON gateway of its servers.
 *
 * A call asks the present endpoint, and after a failure the next one. Each attempt has a short time of its own, and all
 * attempts together end at the deadline of the call. A call goes round the endpoints once: the caller
 * decides when to try again.
 *
 * A client belongs to one thread. etcd_wake() and etcd_stop() may be called by any thread.
 */
#ifndef TICKR_REMOTE_ETCD_H
#define TICKR_REMOTE_ETCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "remote/web.h"

#define ETCD_MOST_OPERATIONS 128 /* of one transaction, as etcd has it by default */

/* Set up the libraries; false: they do not work. Main thread, before other threads start. Undone by etcd_end(). */
bool etcd_begin(void) MUST_CHECK;
void etcd_end(void);

/* etcd_new() copies all of it. */
struct etcd_settings {
	struct web_settings web;
	const char *user, *password; /* NULL: etcd asks for none */
	uint64_t attempt_ms;	     /* the longest time of one attempt, 1 or more */
	uint64_t connect_ms;	     /* of that, the longest time to connect; 0: no other limit */
};

enum etcd_result {
	ETCD_OK,
	ETCD_REFUSED, /* etcd rejected the request, which did not happen: CODE says why */
	ETCD_AWAY,    /* no endpoint could carry the request out, so it did not happen */
	ETCD_UNKNOWN, /* no clear answer: it may have happened, or still will */
	ETCD_STOPPED, /* etcd_stop() was called: it may have happened */
};

/* The codes of gRPC that callers tell apart. */
enum etcd_code {
	ETCD_INVALID = 3,   /* also: a wrong password */
	ETCD_NOT_FOUND = 5, /* also: the lease is gone */
	ETCD_PERMISSION = 7,
	ETCD_EXHAUSTED = 8, /* the quota of the database, or too many requests */
	ETCD_PRECONDITION = 9,
	ETCD_OUT_OF_RANGE = 11, /* the revision was compacted */
	ETCD_UNAUTHENTICATED = 16,
};

/* The cluster as the answering server saw it. */
struct etcd_header {
	uint64_t cluster_id, member_id;
	uint64_t revision; /* of the store: each transaction that writes raises it by 1 */
	uint64_t date_ms;  /* the server's clock, ms since 1970 in whole seconds; 0: not said */
	unsigned code;	   /* of ETCD_REFUSED; 0: not said */
};

/* A key and its value, which are bytes. A NUL follows each. */
struct etcd_pair {
	char *key, *value;
	size_t key_len, value_len;
	uint64_t create_revision, mod_revision;
	uint64_t version; /* how often it was written since it was made */
	uint64_t lease;	  /* 0: none */
};

/* The pairs that a range operation found. */
struct etcd_found {
	struct etcd_pair *pairs;
	size_t count;
	bool is_more; /* LIMIT cut it */
};

struct etcd;

struct etcd *etcd_new(const struct etcd_settings *settings) MUST_CHECK;
void etcd_free(struct etcd *etcd); /* after its watches are closed */

/* The endpoint that the next call asks first. */
const char *etcd_endpoint(const struct etcd *etcd);

/* --- transactions ------------------------------------------------------------------------------- */

enum etcd_target { ETCD_MOD_REVISION, ETCD_CREATE_REVISION, ETCD_VERSION, ETCD_LEASE };

/* The condition that TARGET of KEY is EQUALS. A key that does not exist has 0 in each. */
struct etcd_compare {
	const char *key;
	size_t key_len;
	enum etcd_target target;
	uint64_t equals;
};

enum etcd_operation_kind { ETCD_PUT, ETCD_DELETE, ETCD_RANGE };

struct etcd_operation {
	enum etcd_operation_kind kind;
	const char *key;
	size_t key_len;
	const char *end; /* of ETCD_RANGE and ETCD_DELETE: keys below END; NULL: KEY alone */
	size_t end_len;
	const char *value; /* of ETCD_PUT */
	size_t value_len;
	uint64_t lease; /* of ETCD_PUT; 0: none */
	uint32_t limit; /* of ETCD_RANGE; 0: none */
	bool is_keys_only;
};

/* If all comparisons hold, etcd runs SUCCESS, else FAILURE: all operations in one step, or none. */
struct etcd_transaction {
	const struct etcd_compare *compares;
	size_t compares_count;
	const struct etcd_operation *success, *failure;
	size_t success_count, failure_count;
};

struct etcd_answer {
	struct etcd_header header;
	bool has_succeeded;	  /* SUCCESS ran */
	struct etcd_found *found; /* one for each operation that ran; only ranges find pairs */
	size_t found_count;
};

/*
 * Run TRANSACTION until DEADLINE_MS of clock_ms(). ETCD_OK: the caller releases ANSWER with etcd_answer_free(). With
 * another result it has only a header, and REASON says why.
 *
 * A transaction without puts and deletes goes on to another endpoint after an attempt without an answer. One that
 * writes does not: it might run twice, and its result is ETCD_UNKNOWN.
 */
enum etcd_result etcd_run(struct etcd *etcd, const struct etcd_transaction *transaction,
			  uint64_t deadline_ms, struct etcd_answer *answer,
			  struct text *reason) MUST_CHECK;
void etcd_answer_free(struct etcd_answer *answer);

/* Write the first key after all keys that begin with PREFIX to END, of LEN bytes. PREFIX ends in a byte below 0xFF. */
void etcd_prefix_end(const char *prefix, size_t len, char *end);

/* --- leases ------------------------------------------------------------------------------------- */

/* Make a lease of TTL_S seconds. *LEASE is its id, above 0; *GRANTED_S is the TTL that etcd chose. */
enum etcd_result etcd_lease_grant(struct etcd *etcd, uint64_t ttl_s, uint64_t deadline_ms,
				  uint64_t *lease, uint64_t *granted_s, struct etcd_header *header,
				  struct text *reason) MUST_CHECK;

/* Prolong LEASE. *TTL_S is its time from now on; 0: the lease is gone. */
enum etcd_result etcd_lease_keep_alive(struct etcd *etcd, uint64_t lease, uint64_t deadline_ms,
				       uint64_t *ttl_s, struct etcd_header *header,
				       struct text *reason) MUST_CHECK;

/* Read the time that LEASE has left, without prolonging it. *IS_GONE: there is none. Below 1 s *LEFT_S is 0. */
enum etcd_result etcd_lease_left(struct etcd *etcd, uint64_t lease, uint64_t deadline_ms,
				 uint64_t *left_s, bool *is_gone, struct etcd_header *header,
				 struct text *reason) MUST_CHECK;

/* End LEASE and delete its keys. A lease that is gone already is no failure. */
enum etcd_result etcd_lease_revoke(struct etcd *etcd, uint64_t lease, uint64_t deadline_ms,
				   struct text *reason) MUST_CHECK;

/* --- watches ------------------------------------------------------------------------------------ */

/* PAIR was put, or its key was deleted: then it has key and mod_revision only. Valid during the call. */
typedef void etcd_event_fn(void *arg, const struct etcd_pair *pair, bool is_deleted);

enum etcd_watch_state {
	ETCD_WATCHING,
	ETCD_WATCH_COMPACTED, /* events were dropped: read the keys, and watch from their revision + 1 */
	ETCD_WATCH_ENDED, /* open another one, from etcd_watch_next() */
};

struct etcd_watch;

/*
 * Watch the keys that begin with PREFIX, from revision FROM on; 0: from now. The watch is at the present endpoint, and
 * ends if that server has no leader. A missing token is asked for, within the time of an attempt. The client may have several, and send requests meanwhile.
 */
struct etcd_watch *etcd_watch_open(struct etcd *etcd, const char *prefix, size_t prefix_len,
				   uint64_t from) MUST_CHECK;
void etcd_watch_close(struct etcd_watch *watch);

/*
 * Call EACH with the events that have arrived, in order. Events of one revision arrive together. A state other than
 * ETCD_WATCHING: there are no more, REASON says why, and only etcd_watch_close() is left.
 */
enum etcd_watch_state etcd_watch_read(struct etcd_watch *watch, etcd_event_fn *each, void *arg,
				      struct text *reason) MUST_CHECK;

/* Whether etcd has said that it watches: no event from then on is missed. */
bool etcd_watch_is_ready(const struct etcd_watch *watch);

/* The revision from which another watch goes on without a gap; 0: not known yet. */
uint64_t etcd_watch_next(const struct etcd_watch *watch);

/* Wait for bytes of a watch, etcd_wake(), etcd_stop(), or UNTIL_MS of clock_ms(). */
void etcd_wait(struct etcd *etcd, uint64_t until_ms);

/* --- any thread --------------------------------------------------------------------------------- */

void etcd_wake(struct etcd *etcd); /* ends the present or next etcd_wait() */
void etcd_stop(struct etcd *etcd); /* ends all calls soon; further ones return ETCD_STOPPED */

#endif
