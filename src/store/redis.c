/* The table of the redis store, its settings, and how a session opens. */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "store/redis_session.h"
#include "store/redis_store.h"

#define USUAL_PORT	   6379
#define MOST_DB		   1000000
#define MOST_PER_STATEMENT 1000000
#define CLOCK_ADVANCES	   1 /* the element of the clock that may be missing */

/* --- settings ---------------------------------------------------------------------------------------- */

static void
redis_parse_address(const struct store_given *given, struct redis_settings *own)
{
	const char *host = given->text(given, "redisHost", 0);
	const char *mistake = server_address_parse(host, &own->address);
	struct text label = TEXT_OVER(own->label);

	if (mistake != NULL)
		given->refuse(given, "redisHost", mistake);
	if (own->address.port == 0)
		own->address.port = USUAL_PORT;
	if (own->address.socket[0] != '\0')
		text_add(&label, own->address.socket);
	else
		text_addf(&label, "%s:%u", own->address.host, own->address.port);
}

static void
redis_parse(const struct store_given *given, struct store_settings *database, size_t count)
{
	struct redis_settings *own = xcalloc(1, sizeof(*own));
	const char *db = given->text(given, "db", 0);
	const char *durability = given->text(given, "durability", 0);

	(void)count;
	redis_parse_address(given, own);
	own->username = xstrdup(given->text(given, "redisUsername", 0));
	own->password = xstrdup(given->text(given, "redisPassword", 0));
	if (!parse_number(db, strlen(db), MOST_DB, &own->db))
		given->refuse(given, "db", "it must be a whole number");
	if (strcmp(given->text(given, "enableTLS", 0), "false") != 0)
		given->refuse(given, "enableTLS",
			      "the client library has no TLS: run stunnel on this host, set "
			      "redisHost to its address, and enableTLS to false");
	own->is_promised = strcmp(durability, "promised") == 0;
	if (!own->is_promised && strcmp(durability, "checked") != 0)
		given->refuse(given, "durability",
			      "it must be checked, or promised for a server that forbids CONFIG");
	database->own = own;
	database->name = own->label;
}

static void
redis_forget(struct store_settings *database)
{
	struct redis_settings *own = database->own;

	free(own->username);
	xforget(own->password);
	free(own);
	database->own = NULL;
	database->name = NULL;
}

static bool
redis_begin(void)
{
	return true;
}

static void
redis_nothing(void)
{
}

static void
redis_claim(struct store_settings *settings)
{
	(void)settings;
}

/* --- sessions ---------------------------------------------------------------------------------------- */

static redisContext *
redis_connect(const struct store_settings *settings)
{
	const struct redis_settings *own = settings->own;
	struct timeval connecting = {.tv_sec = settings->connect_timeout_s};
	struct timeval asking = {.tv_sec = settings->query_timeout_s};
	redisContext *redis =
		own->address.socket[0] != '\0'
			? redisConnectUnixWithTimeout(own->address.socket, connecting)
			: redisConnectWithTimeout(own->address.host, own->address.port, connecting);

	if (redis != NULL && redis->err == 0)
		(void)redisSetTimeout(redis, asking);
	return redis;
}

/* Say who we are, and choose the database. */
static enum store_result
redis_greet(struct store_session *session, struct text *reason)
{
	const struct redis_settings *own = session->own;
	enum store_result result = STORE_OK;

	if (own->username[0] != '\0')
		redisAppendCommand(session->redis, "AUTH %s %s", own->username, own->password);
	else if (own->password[0] != '\0')
		redisAppendCommand(session->redis, "AUTH %s", own->password);
	if (own->username[0] != '\0' || own->password[0] != '\0')
		result = redis_hear_ok(session, reason);
	if (result == STORE_OK && own->db > 0) {
		redisAppendCommand(session->redis, "SELECT %llu", (unsigned long long)own->db);
		result = redis_hear_ok(session, reason);
	}
	return result;
}

/* Take the clock, the number of the last advance and the identity from READ. *IS_MISSING: there is no clock at all. */
static bool
redis_take_clock(struct store_session *session, const redisReply *read, uint64_t *clock,
		 bool *is_missing)
{
	unsigned nils = 0;

	*is_missing = false;
	if (read->type != REDIS_REPLY_ARRAY || read->elements != 4)
		return false;
	for (size_t i = 0; i < read->elements; i++)
		nils += i != CLOCK_ADVANCES && read->element[i]->type == REDIS_REPLY_NIL;
	*is_missing = nils == read->elements - 1;
	if (nils > 0 || !redis_number(read->element[0], clock) ||
	    !redis_number(read->element[CLOCK_ADVANCES], &session->advances) ||
	    read->element[2]->type != REDIS_REPLY_STRING || read->element[2]->len != RANDOM_ID_LEN)
		return false;
	memcpy(session->identity, read->element[2]->str, RANDOM_ID_LEN);
	return *clock >= SEQUENCE_FIRST_CLOCK;
}

/* Read the clock, the number of the last advance, and the identity. */
static enum store_result
redis_read_clock(struct store_session *session, uint64_t *clock, bool *is_missing,
		 struct text *reason)
{
	redisReply *read;
	bool is_good;

	redisAppendCommand(session->redis, "HMGET " REDIS_CLOCK " newest advances identity raised");
	read = redis_hear(session, reason);
	if (read == NULL)
		return STORE_LOST;
	if (read->type == REDIS_REPLY_ERROR) {
		enum store_result result = redis_explain(read, reason);

		freeReplyObject(read);
		return result;
	}
	is_good = redis_take_clock(session, read, clock, is_missing);
	freeReplyObject(read);
	if (is_good || *is_missing)
		return STORE_OK;
	text_add(reason,
		 "the clock of tickrd in Redis (key " REDIS_CLOCK ") is damaged: restore the data");
	return STORE_REFUSED;
}

/* Make the clock. An identity is never replaced, so an emptied server is another one. */
static enum store_result
redis_make_clock(struct store_session *session, struct text *reason)
{
	char identity[RANDOM_ID_SIZE];
	enum store_result result;
	redisReply *exec;

	if (!random_id(identity)) {
		text_add(reason, "the system has no random bytes");
		return STORE_FAILED;
	}
	redisAppendCommand(session->redis, "MULTI");
	redisAppendCommand(session->redis, "HSETNX " REDIS_CLOCK " newest %d",
			   SEQUENCE_FIRST_CLOCK);
	redisAppendCommand(session->redis, "HSETNX " REDIS_CLOCK " raised 0");
	redisAppendCommand(session->redis, "HSETNX " REDIS_CLOCK " identity %s", identity);
	redisAppendCommand(session->redis, "EXEC");
	result = redis_hear_exec(session, 3, &exec, reason);
	if (result == STORE_OK)
		freeReplyObject(exec);
	return result;
}

/* Read the clock, and make it if there is none. */
static enum store_result
redis_find_clock(struct store_session *session, struct text *reason)
{
	uint64_t clock;
	bool is_missing;
	enum store_result result = redis_read_clock(session, &clock, &is_missing, reason);

	if (result != STORE_OK || !is_missing)
		return result;
	result = redis_make_clock(session, reason);
	return result == STORE_OK ? redis_read_clock(session, &clock, &is_missing, reason) : result;
}

static void
redis_close(struct store_session *session)
{
	redisFree(session->redis);
	free(session->packet.bytes);
	free(session);
}

static enum store_result
redis_open(const struct store_settings *settings, struct store_session **opened,
	   struct text *reason)
{
	struct store_session *session = xcalloc(1, sizeof(*session));
	enum store_result result = STORE_LOST;

	session->own = settings->own;
	session->redis = redis_connect(settings);
	if (session->redis == NULL || session->redis->err != 0)
		text_addf(reason, "cannot connect to Redis at %s: %s", session->own->label,
			  session->redis != NULL ? session->redis->errstr : "no memory");
	else
		result = redis_greet(session, reason);
	if (result == STORE_OK)
		result = redis_check_server(session, reason);
	if (result == STORE_OK)
		result = redis_find_clock(session, reason);
	session->checked_ms = clock_ms();
	if (result == STORE_OK)
		*opened = session;
	else
		redis_close(session);
	return result;
}

/* --- the clock ---------------------------------------------------------------------------------------- */

static enum store_result
redis_newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	bool is_missing = false;
	enum store_result result = redis_check_again(session, reason);

	if (result == STORE_OK)
		result = redis_read_clock(session, base, &is_missing, reason);
	if (!is_missing)
		return result;
	text_add(reason,
		 "the clock of tickrd in Redis (key " REDIS_CLOCK ") is gone: restore the data");
	return STORE_REFUSED;
}

static uint32_t
redis_most_per_statement(struct store_session *session)
{
	(void)session;
	return MOST_PER_STATEMENT;
}

static const char *
redis_identity(struct store_session *session)
{
	return session->identity;
}

static uint64_t
redis_advances(struct store_session *session)
{
	return session->advances;
}

static void
redis_warn(struct store_session *session, struct text *warnings)
{
	(void)session;
	(void)warnings;
}

const struct store redis_store = {
	.name = "redis",
	.most_sessions = 1, /* two would change the row of the server, which each watches */
	.parse = redis_parse,
	.forget = redis_forget,
	.begin = redis_begin,
	.end = redis_nothing,
	.thread_begin = redis_nothing,
	.thread_end = redis_nothing,
	.claim = redis_claim,
	.release = redis_claim,
	.open = redis_open,
	.close = redis_close,
	.reserve = redis_reserve,
	.most_per_statement = redis_most_per_statement,
	.newest = redis_newest,
	.confirm = redis_newest,
	.identity = redis_identity,
	.advances = redis_advances,
	.note_advance = redis_note_advance,
	.advance = redis_advance,
	.warn = redis_warn,
	.instance = redis_instance,
	.raise = redis_raise,
	.show = redis_show,
	.list = redis_list,
	.count = redis_count,
	.declare = redis_declare,
	.retire = redis_retire,
	.jump = redis_jump,
	.instances = redis_instances,
	.fold = redis_fold,
};
