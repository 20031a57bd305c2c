#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/memory.h"
#include "ticket/database.h"

static const char *const memory_variables[] = {SERVER_VARIABLES, NULL};

struct store_session {
	struct memory_script *script;
	uint64_t advances; /* read by newest() */
};

void
memory_script_init(struct memory_script *script)
{
	memset(script, 0, sizeof(*script));
	pthread_mutex_init(&script->mutex, NULL);
	pthread_cond_init(&script->changed, NULL);
	script->newest = SPACE_FIRST_BASE - 1;
	script->increment = 1;
	script->identity = "";
	memory_sequences_init(&script->sequences);
}

void
memory_script_destroy(struct memory_script *script)
{
	memory_sequences_destroy(&script->sequences);
	pthread_cond_destroy(&script->changed);
	pthread_mutex_destroy(&script->mutex);
}

void
memory_script_lock(struct memory_script *script)
{
	pthread_mutex_lock(&script->mutex);
}

void
memory_script_unlock(struct memory_script *script)
{
	pthread_mutex_unlock(&script->mutex);
	pthread_cond_broadcast(&script->changed);
}

/* The caller has locked the script. */
static void
memory_wait_while_hung(struct memory_script *script)
{
	while (script->hangs)
		pthread_cond_wait(&script->changed, &script->mutex);
}

static bool
memory_store_begin(void)
{
	return true;
}

static void
memory_store_nothing(void)
{
}

static void
memory_store_parse(const struct store_given *given, struct store_settings *databases, size_t count)
{
	struct server *servers[MOST_DATABASES];

	for (size_t i = 0; i < count; i++) {
		struct memory_script *script = xcalloc(1, sizeof(*script));
		const char *name = given->text(given, "TICKR_DATABASE_NAME", i);

		memory_script_init(script);
		script->is_own = true;
		if (strcmp(name, MEMORY_BROKEN_NAME) == 0)
			script->repeat_every = script->sequences.repeat_every = MEMORY_BROKEN_EVERY;
		if (strcmp(name, MEMORY_LEAPING_NAME) == 0)
			script->sequences.leap_every = 1;
		if (strcmp(name, MEMORY_SLOW_NAME) == 0)
			script->reserve_us = MEMORY_SLOW_US;
		servers[i] = &script->server;
		databases[i].own = script;
		databases[i].name = script->server.label;
	}
	servers_parse(given, servers, count);
}

static void
memory_store_forget(struct store_settings *database)
{
	struct memory_script *script = database->own;

	server_forget(&script->server);
	memory_script_destroy(script);
	free(script);
	database->own = NULL;
	database->name = NULL;
}

static void
memory_store_claim(struct store_settings *settings)
{
	struct memory_script *script = settings->own;

	memory_script_lock(script);
	script->claims++;
	memory_script_unlock(script);
}

static void
memory_store_release(struct store_settings *settings)
{
	struct memory_script *script = settings->own;

	memory_script_lock(script);
	assert(script->claims > 0);
	script->claims--;
	assert(script->claims > 0 || script->opened == script->closed);
	memory_script_unlock(script);
}

static enum store_result
memory_store_open(const struct store_settings *settings, struct store_session **session,
		  struct text *reason)
{
	struct memory_script *script = settings->own;
	enum store_result result;

	memory_script_lock(script);
	assert(script->claims > 0);
	memory_wait_while_hung(script);
	result = script->open_result;
	if (result == STORE_OK)
		script->opened++;
	memory_script_unlock(script);
	if (result != STORE_OK) {
		text_add(reason, "the script says that opening fails");
		return result;
	}
	*session = xcalloc(1, sizeof(**session));
	(*session)->script = script;
	return STORE_OK;
}

static void
memory_store_close(struct store_session *session)
{
	memory_script_lock(session->script);
	session->script->closed++;
	memory_script_unlock(session->script);
	free(session);
}

static enum store_result
memory_store_reserve(struct store_session *session, const struct store_order *order,
		     struct ticket_range *bases, struct text *reason)
{
	struct memory_script *script = session->script;
	enum store_result result;
	bool is_failing, is_repeating;
	unsigned us;

	memory_script_lock(script);
	script->reservations++;
	is_failing = script->fail_every > 0 && script->reservations % script->fail_every == 0;
	is_repeating = script->repeat_every > 0 && script->reservations % script->repeat_every == 0;
	*bases = (struct ticket_range){SPACE_FIRST_BASE, script->increment, order->count};
	if (!is_repeating)
		bases->first = script->newest + script->increment;
	if (!is_repeating && (!is_failing || script->loses_after))
		script->newest += script->increment * order->count;
	result = is_failing ? script->failure : STORE_OK;
	us = script->reserve_us;
	memory_wait_while_hung(script);
	memory_script_unlock(script);
	if (us > 0)
		usleep(us);
	if (result != STORE_OK)
		text_add(reason, "the script says that this reservation fails");
	return result;
}

static uint32_t
memory_store_most_per_statement(struct store_session *session)
{
	(void)session;
	return 10000;
}

static bool
memory_store_fits(const struct store_session *session, uint32_t count, struct text *reason)
{
	uint32_t most;

	memory_script_lock(session->script);
	most = session->script->most_at_once;
	memory_script_unlock(session->script);
	if (most == 0 || count <= most)
		return true;
	text_add(reason, "the script says that these are too many");
	return false;
}

static enum store_result
memory_store_newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	(void)reason;
	memory_script_lock(session->script);
	memory_wait_while_hung(session->script);
	session->script->looks++;
	*base = session->script->stale > 0 ? session->script->stale : session->script->newest;
	session->advances = session->script->advances;
	memory_script_unlock(session->script);
	return STORE_OK;
}

static const char *
memory_store_identity(struct store_session *session)
{
	return session->script->identity;
}

static uint64_t
memory_store_advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
memory_store_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	struct timespec now;
	uint64_t now_us;

	(void)reason;
	clock_gettime(CLOCK_REALTIME, &now);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	memory_script_lock(session->script);
	session->script->advances++;
	if (session->script->advances < now_us)
		session->script->advances = now_us;
	if (session->script->advances < least)
		session->script->advances = least;
	memory_script_unlock(session->script);
	return STORE_OK;
}

static enum store_result
memory_store_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	(void)reason;
	memory_script_lock(session->script);
	if (session->script->newest < base)
		session->script->newest = base;
	memory_script_unlock(session->script);
	return STORE_OK;
}

static enum store_result
memory_store_give_back(struct store_session *session, const struct ticket_range *unused,
		       bool *is_back, struct text *reason)
{
	struct memory_script *script = session->script;
	uint64_t last = unused->first + unused->increment * (unused->count - 1);

	(void)reason;
	memory_script_lock(script);
	*is_back = script->newest == last;
	if (*is_back)
		script->newest = unused->first - unused->increment;
	memory_script_unlock(script);
	return STORE_OK;
}

static void
memory_store_warn(struct store_session *session, struct text *warnings)
{
	bool is_broken;

	memory_script_lock(session->script);
	if (session->script->warning != NULL)
		text_add(warnings, session->script->warning);
	is_broken = session->script->is_own && session->script->repeat_every > 0;
	memory_script_unlock(session->script);
	if (session->script->is_own)
		text_add(warnings,
			 "THE TICKETS ARE COUNTED IN MEMORY: after a restart, and by every other "
			 "server, each is issued again. Use this for benchmarks only\n");
	if (is_broken)
		text_add(warnings, "this counter is broken on purpose: it issues tickets twice\n");
}

static enum store_create_result
memory_store_create(const struct store_settings *settings, const struct create_order *order,
		    struct text *report)
{
	(void)settings;
	(void)order;
	text_add(report, "the memory store needs no database\n");
	return STORE_EXISTED;
}

const struct store memory_store = {
	.name = "memory",
	.sequences = &memory_sequences_store,
	.variables = memory_variables,
	.parse = memory_store_parse,
	.forget = memory_store_forget,
	.begin = memory_store_begin,
	.end = memory_store_nothing,
	.thread_begin = memory_store_nothing,
	.thread_end = memory_store_nothing,
	.claim = memory_store_claim,
	.release = memory_store_release,
	.open = memory_store_open,
	.close = memory_store_close,
	.reserve = memory_store_reserve,
	.most_per_statement = memory_store_most_per_statement,
	.fits = memory_store_fits,
	.newest = memory_store_newest,
	.identity = memory_store_identity,
	.advances = memory_store_advances,
	.note_advance = memory_store_note_advance,
	.advance = memory_store_advance,
	.give_back = memory_store_give_back,
	.warn = memory_store_warn,
	.create = memory_store_create,
};
