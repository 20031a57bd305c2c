/*
 * DESIGN. The session is a lease of etcd. wait() keeps it alive: a request each fifth of the TTL, which may take a tenth.
 * So three endpoints can fail in turn before the lease ends.
 *
 * The watch begins at the present revision. When etcd says that it watches, the caller reads the settings again, so
 * no change is missed. A watch that ended, for whatever reason, is opened again in the same way.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "lease/etcd.h"
#include "lease/etcd_session.h"

#define ETCD_PORT     "2379"
#define URL_SIZE      512
#define WATCH_WAIT_MS 1000 /* before a watch that ended is opened again */

/* --- the life of the driver ---------------------------------------------------------------------- */

/* Write ENDPOINT with the scheme and the port that it lacks. */
static bool
lease_etcd_write_url(const struct coordinator_settings *settings, const char *endpoint,
		     char url[URL_SIZE], struct text *reason)
{
	bool is_secure = settings->ca_file != NULL || settings->cert_file != NULL;
	struct text text = text_over(url, URL_SIZE);
	const char *scheme = strstr(endpoint, "://"), *host, *mistake;

	if (scheme == NULL)
		text_add(&text, is_secure ? "https://" : "http://");
	host = scheme == NULL ? endpoint : scheme + 3;
	text_add(&text, endpoint);
	if (strrchr(host, ':') == NULL || host[strlen(host) - 1] == ']')
		text_add(&text, ":" ETCD_PORT);
	mistake = text.is_truncated ? "it is too long" : web_endpoint_mistake(url);
	if (mistake != NULL)
		text_addf(reason, "TICKR_COORDINATOR_ENDPOINTS has \"%s\": %s", endpoint, mistake);
	return mistake == NULL;
}

static void
lease_etcd_connect(struct etcd_session *session, const struct coordinator_settings *settings,
		   const char *const *urls)
{
	struct etcd_settings own = {
		.web = {.endpoints = urls,
			.endpoints_count = settings->endpoints_count,
			.ca_file = settings->ca_file,
			.cert_file = settings->cert_file,
			.key_file = settings->key_file},
		.user = settings->username,
		.password = settings->password,
		.attempt_ms = settings->ttl_ms / 10,
	};

	session->etcd = etcd_new(&own);
	session->ttl_ms = settings->ttl_ms;
	session->endpoints_count = settings->endpoints_count;
	session->expires_at_ms = UINT64_MAX;
}

static void *
lease_etcd_open(const struct coordinator_settings *settings, struct text *reason)
{
	char(*urls)[URL_SIZE] = xcalloc(settings->endpoints_count, sizeof(*urls));
	const char **pointers = xcalloc(settings->endpoints_count, sizeof(*pointers));
	struct etcd_session *session = NULL;
	bool is_good = true;

	for (size_t i = 0; i < settings->endpoints_count && is_good; i++) {
		is_good = lease_etcd_write_url(settings, settings->endpoints[i], urls[i], reason);
		pointers[i] = urls[i];
	}
	if (is_good && !etcd_begin()) {
		text_add(reason, "libcurl cannot be set up");
		is_good = false;
	}
	if (is_good) {
		session = xcalloc(1, sizeof(*session));
		lease_etcd_connect(session, settings, pointers);
	}
	free(pointers);
	free(urls);
	return session;
}

static void
lease_etcd_close_watch(struct etcd_session *session)
{
	if (session->watch != NULL)
		etcd_watch_close(session->watch);
	session->watch = NULL;
	session->is_watching = false;
}

static void
lease_etcd_close(void *self)
{
	struct etcd_session *session = self;

	lease_etcd_close_watch(session);
	etcd_free(session->etcd);
	etcd_end();
	free(session);
}

static void
lease_etcd_wake(void *self)
{
	struct etcd_session *session = self;

	atomic_store(&session->is_woken, true);
	etcd_wake(session->etcd);
}

/* --- results ------------------------------------------------------------------------------------- */

enum coordinator_result
lease_etcd_result(enum etcd_result result, unsigned code)
{
	switch (result) {
	case ETCD_OK: return COORDINATOR_OK;
	case ETCD_AWAY:
	case ETCD_UNKNOWN:
	case ETCD_STOPPED: return COORDINATOR_UNKNOWN;
	case ETCD_REFUSED: break;
	}
	switch (code) {
	case ETCD_NOT_FOUND: return COORDINATOR_GONE;
	case ETCD_INVALID:
	case ETCD_PERMISSION:
	case ETCD_UNAUTHENTICATED: return COORDINATOR_REFUSED;
	default: return COORDINATOR_UNKNOWN;
	}
}

/* --- the session --------------------------------------------------------------------------------- */

uint64_t
lease_etcd_seconds(uint64_t ms)
{
	return (ms + 999) / 1000;
}

static void
lease_etcd_note_beat(struct etcd_session *session, uint64_t sent_ms, uint64_t ttl_s)
{
	session->expires_at_ms = sent_ms + ttl_s * 1000;
	session->next_beat_ms = sent_ms + session->ttl_ms / 5;
}

static enum coordinator_result
lease_etcd_begin(void *self, uint64_t until_ms, struct text *reason)
{
	struct etcd_session *session = self;
	uint64_t sent_ms = clock_ms(), granted_s, lease;
	struct etcd_header header = {0};
	enum etcd_result result =
		etcd_lease_grant(session->etcd, lease_etcd_seconds(session->ttl_ms), until_ms,
				 &lease, &granted_s, &header, reason);

	if (result != ETCD_OK)
		return lease_etcd_result(result, header.code);
	session->lease = lease;
	lease_etcd_note_beat(session, sent_ms, granted_s);
	return COORDINATOR_OK;
}

static void
lease_etcd_end(void *self, uint64_t until_ms)
{
	struct etcd_session *session = self;
	char memory[WEB_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);

	if (session->lease != 0 &&
	    etcd_lease_revoke(session->etcd, session->lease, until_ms, &reason) != ETCD_OK)
		log_debug("lease not revoked, so it ends by itself", LOG_TEXT("reason", memory));
	session->lease = 0;
	session->expires_at_ms = UINT64_MAX;
}

static uint64_t
lease_etcd_expires_at_ms(void *self)
{
	struct etcd_session *session = self;

	return session->expires_at_ms;
}

/* --- reading ------------------------------------------------------------------------------------- */

static enum coordinator_result
lease_etcd_range(struct etcd_session *session, uint64_t until_ms,
		 const struct etcd_operation *operation, struct etcd_answer *answer,
		 struct text *reason)
{
	struct etcd_transaction transaction = {.success = operation, .success_count = 1};
	enum etcd_result result = etcd_run(session->etcd, &transaction, until_ms, answer, reason);

	return lease_etcd_result(result, answer->header.code);
}

static enum coordinator_result
lease_etcd_look(void *self, uint64_t until_ms, const char *prefix, struct coordinator_now *now,
		struct text *reason)
{
	struct etcd_operation operation = {.kind = ETCD_RANGE,
					   .key = prefix,
					   .key_len = strlen(prefix),
					   .limit = 1,
					   .is_keys_only = true};
	struct etcd_answer answer;
	enum coordinator_result result =
		lease_etcd_range(self, until_ms, &operation, &answer, reason);

	if (result != COORDINATOR_OK)
		return result;
	*now = (struct coordinator_now){.revision = answer.header.revision,
					.unix_ms = answer.header.date_ms,
					.resolution_ms = 1000};
	etcd_answer_free(&answer);
	if (now->unix_ms != 0)
		return COORDINATOR_OK;
	text_add(reason, "etcd's answer has no Date header, so the clocks cannot be compared");
	return COORDINATOR_UNKNOWN;
}

static enum coordinator_result
lease_etcd_list(void *self, uint64_t until_ms, const char *folder, bool with_values,
		coordinator_visit_fn *visit, void *arg, struct text *reason)
{
	char prefix[TREE_PATH_SIZE + 1], end[TREE_PATH_SIZE + 1];
	struct text text = TEXT_OVER(prefix);
	struct etcd_operation operation = {.kind = ETCD_RANGE, .is_keys_only = !with_values};
	struct etcd_answer answer;
	enum coordinator_result result;

	text_addf(&text, "%s/", folder);
	etcd_prefix_end(prefix, text.len, end);
	operation.key = prefix;
	operation.end = end;
	operation.key_len = operation.end_len = text.len;
	result = lease_etcd_range(self, until_ms, &operation, &answer, reason);
	if (result != COORDINATOR_OK)
		return result;
	for (size_t i = 0; i < answer.found[0].count; i++) {
		const struct etcd_pair *pair = &answer.found[0].pairs[i];

		visit(arg, pair->key + text.len, with_values ? pair->value : NULL);
	}
	etcd_answer_free(&answer);
	return COORDINATOR_OK;
}

static enum coordinator_result
lease_etcd_read(void *self, uint64_t until_ms, const char *path, struct coordinator_node *node,
		struct text *reason)
{
	struct etcd_operation operation = {
		.kind = ETCD_RANGE, .key = path, .key_len = strlen(path)};
	struct etcd_answer answer;
	enum coordinator_result result =
		lease_etcd_range(self, until_ms, &operation, &answer, reason);

	*node = (struct coordinator_node){0};
	if (result != COORDINATOR_OK)
		return result;
	if (answer.found[0].count > 0) {
		const struct etcd_pair *pair = &answer.found[0].pairs[0];

		*node = (struct coordinator_node){.exists = true,
						  .value = xstrdup(pair->value),
						  .version = pair->mod_revision,
						  .creation = pair->create_revision};
	}
	etcd_answer_free(&answer);
	return COORDINATOR_OK;
}

/* --- waiting ------------------------------------------------------------------------------------- */

static enum coordinator_result
lease_etcd_beat(struct etcd_session *session, struct text *reason)
{
	uint64_t sent_ms = clock_ms(), ttl_s;
	uint64_t until_ms = sent_ms + session->ttl_ms / 10 * session->endpoints_count;
	struct etcd_header header = {0};
	enum etcd_result result = etcd_lease_keep_alive(session->etcd, session->lease, until_ms,
							&ttl_s, &header, reason);

	/* Do not hurry if no endpoint answers. */
	session->next_beat_ms = clock_ms() + session->ttl_ms / 10;
	if (result != ETCD_OK)
		return lease_etcd_result(result, header.code);
	if (ttl_s == 0) {
		session->lease = 0;
		session->expires_at_ms = UINT64_MAX;
		text_add(reason, "the lease has ended in etcd");
		return COORDINATOR_GONE;
	}
	lease_etcd_note_beat(session, sent_ms, ttl_s);
	return COORDINATOR_OK;
}

static void
lease_etcd_see_event(void *arg, const struct etcd_pair *pair, bool is_deleted)
{
	struct etcd_session *session = arg;

	(void)pair;
	(void)is_deleted;
	session->has_event = true;
}

static void
lease_etcd_open_watch(struct etcd_session *session, const char *folder)
{
	char prefix[TREE_PATH_SIZE + 1];
	struct text text = TEXT_OVER(prefix);

	text_addf(&text, "%s/", folder);
	session->watch = etcd_watch_open(session->etcd, prefix, text.len, 0);
	session->is_watching = false;
}

/* Return whether the nodes below FOLDER may have changed. */
static bool
lease_etcd_check_watch(struct etcd_session *session, const char *folder)
{
	char memory[WEB_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	bool is_new;

	session->has_event = false;
	if (session->watch == NULL && clock_ms() >= session->next_watch_ms)
		lease_etcd_open_watch(session, folder);
	if (session->watch == NULL)
		return false;
	if (etcd_watch_read(session->watch, lease_etcd_see_event, session, &reason) !=
	    ETCD_WATCHING) {
		log_debug("watch of shared settings ended", LOG_TEXT("reason", memory));
		lease_etcd_close_watch(session);
		session->next_watch_ms = clock_ms() + WATCH_WAIT_MS;
		return session->has_event;
	}
	is_new = !session->is_watching && etcd_watch_is_ready(session->watch);
	session->is_watching |= is_new;
	return is_new || session->has_event;
}

static uint64_t
lease_etcd_next_ms(const struct etcd_session *session, uint64_t until_ms, bool wants_watch)
{
	if (session->lease != 0 && session->next_beat_ms < until_ms)
		until_ms = session->next_beat_ms;
	if (wants_watch && session->watch == NULL && session->next_watch_ms < until_ms)
		until_ms = session->next_watch_ms;
	return until_ms;
}

static enum coordinator_result
lease_etcd_wait(void *self, uint64_t until_ms, const char *folder, bool *has_changed,
		struct text *reason)
{
	struct etcd_session *session = self;

	*has_changed = false;
	if (folder == NULL)
		lease_etcd_close_watch(session);
	for (;;) {
		if (session->lease != 0 && clock_ms() >= session->next_beat_ms) {
			enum coordinator_result result = lease_etcd_beat(session, reason);

			if (result != COORDINATOR_OK)
				return result;
		}
		if (folder != NULL && lease_etcd_check_watch(session, folder))
			*has_changed = true;
		if (*has_changed || atomic_exchange(&session->is_woken, false) ||
		    clock_ms() >= until_ms)
			return COORDINATOR_OK;
		etcd_wait(session->etcd, lease_etcd_next_ms(session, until_ms, folder != NULL));
	}
}

/* --- the driver ---------------------------------------------------------------------------------- */

const struct coordinator_kind coordinator_etcd = {
	.name = "etcd",
	.open = lease_etcd_open,
	.begin = lease_etcd_begin,
	.end = lease_etcd_end,
	.expires_at_ms = lease_etcd_expires_at_ms,
	.look = lease_etcd_look,
	.list = lease_etcd_list,
	.read = lease_etcd_read,
	.commit = lease_etcd_commit,
	.wait = lease_etcd_wait,
	.wake = lease_etcd_wake,
	.close = lease_etcd_close,
};
