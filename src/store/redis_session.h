/*
 * redis_session -- a session on a Redis server, and how it talks to it.
 *
 * For the files of the redis store only; in the session's thread. docs/stores.md has the keys.
 */
#ifndef TICKR_STORE_REDIS_SESSION_H
#define TICKR_STORE_REDIS_SESSION_H

#include <hiredis/hiredis.h>

#include "store/redis_packet.h"
#include "store/sequence_rows.h"
#include "store/server.h"

/* The keys of tickrd. Each sequence is a key of its own name beside them, as Layotto has it. */
#define REDIS_CLOCK	"tickr|||clock"	  /* hash: newest, raised, advances, identity */
#define REDIS_MOVED	"tickr|||moved"	  /* hash: the sum of our moves of a sequence */
#define REDIS_ADOPTED	"tickr|||adopted" /* hash: what the key of a sequence had besides our moves */
#define REDIS_POLICIES	"tickr|||policies"  /* hash: the policy of a declared or retired sequence */
#define REDIS_NAMES	"tickr|||names"	    /* sorted set of all sequences, for pages */
#define REDIS_RETIRED	"tickr|||retired"   /* set of the retired ones */
#define REDIS_INSTANCES "tickr|||instances" /* set of the ids of server instances */
#define REDIS_INSTANCE	"tickr|||instance:" /* and the id; hash: count, seen */

#define REDIS_POLICY_SIZE 160

struct redis_settings {
	struct server_address address;
	char label[SERVER_HOST_SIZE + 32];
	char *username; /* "": the default user */
	char *password; /* "": none */
	uint64_t db;
	bool is_promised; /* the operator promises the durability that CONFIG would show */
};

struct store_session {
	const struct redis_settings *own;
	redisContext *redis;
	struct redis_packet packet; /* of the statement */
	char identity[RANDOM_ID_SIZE];
	char run_id[64]; /* of the server process */
	uint64_t advances;
	uint64_t checked_ms; /* when the settings of the server were read last */

	/* The row of the server instance. While it is watched, EXEC fails if the row is another one. */
	bool is_watching;
	char row_id[RANDOM_ID_SIZE];
	char row[sizeof(REDIS_INSTANCE) + RANDOM_ID_SIZE]; /* its key */
	uint64_t count, seen;
};

/*
 * Take one reply, which the caller frees with freeReplyObject(). NULL: the connection is gone, so the session may only
 * be closed; REASON says why.
 */
redisReply *redis_hear(struct store_session *session, struct text *reason) MUST_CHECK;

/* Take one reply that must be no error, and free it. */
enum store_result redis_hear_ok(struct store_session *session, struct text *reason) MUST_CHECK;

/*
 * Take the replies of MULTI, of COMMANDS and of EXEC, which were appended. STORE_OK: *EXEC is the array of results, or
 * a nil if a watched key was changed; the caller frees it.
 */
enum store_result redis_hear_exec(struct store_session *session, size_t commands, redisReply **exec,
				  struct text *reason) MUST_CHECK;

/* Add what the error REPLY says to REASON, and return the result that it means. Nothing was changed by the command. */
enum store_result redis_explain(const redisReply *reply, struct text *reason) MUST_CHECK;

/* Read a number from an integer or from decimal text; nil: 0. False: it is neither. */
bool redis_number(const redisReply *reply, uint64_t *number) MUST_CHECK;

/* Write POLICY as the value of REDIS_POLICIES; and read it. NULL or nil: the policy of a first use. */
void redis_policy_write(const struct sequence_policy *policy, char text[REDIS_POLICY_SIZE]);
bool redis_policy_read(const redisReply *reply, struct sequence_policy *policy) MUST_CHECK;

/* Read the settings of the server, and refuse it if they allow it to repeat an id. */
enum store_result redis_check_server(struct store_session *session, struct text *reason) MUST_CHECK;

/* The same, if a second has passed. Both looks and statements call it, because a busy session makes no looks. */
enum store_result redis_check_again(struct store_session *session, struct text *reason) MUST_CHECK;

/* Watch nothing any more, so that the next EXEC depends on no row. */
enum store_result redis_unwatch(struct store_session *session, struct text *reason) MUST_CHECK;

/*
 * Note that VALUE - MOVED is what the key NAME had before tickrd, unless that is noted already. STORE_REFUSED: the key
 * was moved without the clock, or expires.
 */
enum store_result redis_adopt(struct store_session *session, const char *name, size_t name_len,
			      uint64_t value, uint64_t moved, struct text *reason) MUST_CHECK;

/* The functions of the store that stand in files of their own. */
enum store_result redis_reserve(struct store_session *session, const struct store_order *order,
				struct ticket_range *bases, struct text *reason);
enum store_result redis_instance(struct store_session *session, struct store_instance *row,
				 struct text *reason);
enum store_result redis_raise(struct store_session *session, struct store_instance *row,
			      uint64_t base, struct text *reason);
enum store_result redis_advance(struct store_session *session, uint64_t base, struct text *reason);
enum store_result redis_note_advance(struct store_session *session, uint64_t least,
				     struct text *reason);
enum store_result redis_instances(struct store_session *session,
				  void (*each)(void *arg, const struct store_instance *row),
				  void *arg, struct text *reason);
enum store_result redis_fold(struct store_session *session, const char *id, bool *found,
			     struct text *reason);
enum store_result redis_show(struct store_session *session, const char *name, uint8_t name_len,
			     struct store_listed *listed, bool *found, struct text *reason);
enum store_result redis_list(struct store_session *session, const char *after, uint8_t after_len,
			     uint32_t limit, store_listed_fn *each, void *arg, struct text *reason);
enum store_result redis_count(struct store_session *session, uint64_t *count, struct text *reason);
enum store_result redis_declare(struct store_session *session, const char *name, uint8_t name_len,
				const struct sequence_policy *wanted, enum store_declared *declared,
				struct text *reason);
enum store_result redis_retire(struct store_session *session, const char *name, uint8_t name_len,
			       bool *found, struct text *reason);
enum store_result redis_jump(struct store_session *session, const char *name, uint8_t name_len,
			     uint64_t number, bool *found, struct text *reason);

#endif
