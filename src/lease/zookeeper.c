/*
 * DESIGN. The session is one of ZooKeeper. Its library keeps it alive by pings, which a server that is cut off from the
 * others may answer too. So only the writes of the bound prove that the session lives.
 *
 * The version of a bound rises with each write, so two claims never see the same one. A transaction cannot ask for the
 * owner of a worker's node. It only checks that there is one: if another server has claimed the worker id, then the
 * version of the bound is another one.
 *
 * The revision and the clock are those of a write to the folder of the bounds, which changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "lease/zookeeper.h"
#include "lease/zookeeper_session.h"

#define ZOOKEEPER_PORT "2181"

/* --- the life of the driver ---------------------------------------------------------------------- */

static bool
keeper_add_host(struct text *hosts, const char *endpoint, struct text *reason)
{
	size_t len = strlen(endpoint);

	if (len == 0 || strstr(endpoint, "://") != NULL || strchr(endpoint, '/') != NULL) {
		text_addf(reason,
			  "TICKR_COORDINATOR_ENDPOINTS has \"%s\": for zookeeper set host or "
			  "host:port",
			  endpoint);
		return false;
	}
	text_addf(hosts, "%s%s", hosts->len > 0 ? "," : "", endpoint);
	if (strrchr(endpoint, ':') == NULL || endpoint[len - 1] == ']')
		text_add(hosts, ":" ZOOKEEPER_PORT);
	return true;
}

static bool
keeper_fits(struct keeper_session *session, const struct coordinator_settings *settings,
	    struct text *reason)
{
	struct text hosts = TEXT_OVER(session->hosts), digest = TEXT_OVER(session->digest);

	if (settings->ca_file != NULL || settings->cert_file != NULL ||
	    settings->key_file != NULL) {
		text_add(reason,
			 "TICKR_COORDINATOR_SSL_CA, _CERT and _KEY are for etcd: the client of "
			 "ZooKeeper has no TLS, so use stunnel or a private network");
		return false;
	}
	for (size_t i = 0; i < settings->endpoints_count; i++)
		if (!keeper_add_host(&hosts, settings->endpoints[i], reason))
			return false;
	if (settings->username != NULL)
		text_addf(&digest, "%s:%s", settings->username,
			  settings->password != NULL ? settings->password : "");
	if (hosts.is_truncated || digest.is_truncated)
		text_add(reason, "TICKR_COORDINATOR_ENDPOINTS, _USERNAME or _PASSWORD is too long");
	return reason->len == 0;
}

static void *
keeper_open(const struct coordinator_settings *settings, struct text *reason)
{
	struct keeper_session *session = xcalloc(1, sizeof(*session));

	session->ttl_ms = settings->ttl_ms;
	if (!keeper_fits(session, settings, reason)) {
		free(session);
		return NULL;
	}
	pthread_mutex_init(&session->mutex, NULL);
	clock_cond_init(&session->woken);
	return session;
}

/* Put CLIENT in the place of the present one, which is closed outside the lock. */
static void
keeper_replace(struct keeper_session *session, struct zookeeper *client)
{
	struct zookeeper *old;

	pthread_mutex_lock(&session->mutex);
	old = session->client;
	session->client = client;
	pthread_mutex_unlock(&session->mutex);
	session->is_armed = false;
	if (old != NULL)
		zookeeper_end(old);
}

static void
keeper_close(void *self)
{
	struct keeper_session *session = self;

	keeper_replace(session, NULL);
	pthread_cond_destroy(&session->woken);
	pthread_mutex_destroy(&session->mutex);
	explicit_bzero(session->digest, sizeof(session->digest));
	free(session);
}

static void
keeper_wake(void *self)
{
	struct keeper_session *session = self;

	pthread_mutex_lock(&session->mutex);
	session->is_woken = true;
	if (session->client != NULL)
		zookeeper_wake(session->client);
	pthread_cond_broadcast(&session->woken);
	pthread_mutex_unlock(&session->mutex);
}

/* --- the session --------------------------------------------------------------------------------- */

enum coordinator_result
keeper_result(struct keeper_session *session, enum zookeeper_result result, int code)
{
	switch (result) {
	case ZOOKEEPER_OK: session->heard_ms = clock_ms(); return COORDINATOR_OK;
	case ZOOKEEPER_EXPIRED: return COORDINATOR_GONE;
	case ZOOKEEPER_REFUSED:
		return code == ZOOKEEPER_NO_RIGHT ? COORDINATOR_REFUSED : COORDINATOR_UNKNOWN;
	case ZOOKEEPER_AWAY:
	case ZOOKEEPER_UNKNOWN: break;
	}
	return COORDINATOR_UNKNOWN;
}

static enum coordinator_result
keeper_begin(void *self, uint64_t until_ms, struct text *reason)
{
	struct keeper_session *session = self;
	struct zookeeper_settings settings = {
		.hosts = session->hosts,
		.session_ms = session->ttl_ms,
		.digest = session->digest[0] != '\0' ? session->digest : NULL,
	};
	struct zookeeper *client;
	enum zookeeper_result result;

	keeper_replace(session, NULL);
	result = zookeeper_open(&settings, until_ms, &client, reason);
	if (result == ZOOKEEPER_OK)
		keeper_replace(session, client);
	return keeper_result(session, result, 0);
}

static void
keeper_end(void *self, uint64_t until_ms)
{
	(void)until_ms;
	keeper_replace(self, NULL);
}

static uint64_t
keeper_expires_at_ms(void *self)
{
	struct keeper_session *session = self;

	return session->client != NULL ? session->heard_ms + session->ttl_ms : UINT64_MAX;
}

/* --- reading ------------------------------------------------------------------------------------- */

enum coordinator_result
keeper_no_session(struct text *reason)
{
	text_add(reason, "there is no session with ZooKeeper");
	return COORDINATOR_GONE;
}

static enum coordinator_result
keeper_touch(struct keeper_session *session, uint64_t until_ms, const char *path,
	     struct coordinator_now *now, int *code, struct text *reason)
{
	struct zookeeper_operation touch = {
		.kind = ZOOKEEPER_SET, .path = path, .value = "", .version = ZOOKEEPER_ANY_VERSION};
	enum zookeeper_result result =
		zookeeper_run(session->client, &touch, 1, until_ms, code, reason);

	if (result == ZOOKEEPER_OK)
		*now = (struct coordinator_now){.revision = touch.node.mzxid,
						.unix_ms = touch.node.mtime_ms};
	return keeper_result(session, result, *code);
}

static enum coordinator_result
keeper_look(void *self, uint64_t until_ms, const char *prefix, struct coordinator_now *now,
	    struct text *reason)
{
	struct keeper_session *session = self;
	char path[TREE_PATH_SIZE];
	struct text text = TEXT_OVER(path);
	enum coordinator_result result;
	enum zookeeper_result made;
	int code = 0;

	if (session->client == NULL)
		return keeper_no_session(reason);
	text_addf(&text, "%s/bounds", prefix);
	result = keeper_touch(session, until_ms, path, now, &code, reason);
	if (result == COORDINATOR_OK || code != ZOOKEEPER_NO_NODE)
		return result;
	text_clear(reason);
	made = zookeeper_make_folder(session->client, path, until_ms, reason);
	if (made != ZOOKEEPER_OK)
		return keeper_result(session, made, ZOOKEEPER_NO_RIGHT);
	return keeper_touch(session, until_ms, path, now, &code, reason);
}

static enum coordinator_result
keeper_get(struct keeper_session *session, uint64_t until_ms, const char *path, bool is_watched,
	   struct zookeeper_node *node, bool *exists, struct text *reason)
{
	int code = 0;
	enum zookeeper_result result =
		zookeeper_get(session->client, path, is_watched, until_ms, node, &code, reason);

	*exists = result == ZOOKEEPER_OK;
	if (result == ZOOKEEPER_REFUSED && code == ZOOKEEPER_NO_NODE) {
		text_clear(reason);
		result = ZOOKEEPER_OK;
	}
	return keeper_result(session, result, code);
}

/* Call VISIT with NAME and its value. A node that ended meanwhile is left out. */
static enum coordinator_result
keeper_visit(struct keeper_session *session, uint64_t until_ms, const char *folder,
	     const char *name, bool is_watched, coordinator_visit_fn *visit, void *arg,
	     struct text *reason)
{
	char path[TREE_PATH_SIZE];
	struct text text = TEXT_OVER(path);
	struct zookeeper_node node;
	enum coordinator_result result;
	bool exists;

	text_addf(&text, "%s/%s", folder, name);
	if (text.is_truncated)
		return COORDINATOR_OK;
	result = keeper_get(session, until_ms, path, is_watched, &node, &exists, reason);
	if (!exists)
		return result;
	visit(arg, name, node.value);
	free(node.value);
	return result;
}

static enum coordinator_result
keeper_list_all(struct keeper_session *session, uint64_t until_ms, const char *folder,
		bool with_values, bool is_watched, coordinator_visit_fn *visit, void *arg,
		struct text *reason)
{
	struct zookeeper_names names;
	enum coordinator_result result;
	int code = 0;
	enum zookeeper_result read = zookeeper_children(session->client, folder, is_watched,
							until_ms, &names, &code, reason);

	if (read == ZOOKEEPER_REFUSED && code == ZOOKEEPER_NO_NODE) {
		text_clear(reason);
		return COORDINATOR_OK;
	}
	result = keeper_result(session, read, code);
	if (result != COORDINATOR_OK)
		return result;
	for (size_t i = 0; i < names.count && result == COORDINATOR_OK; i++) {
		if (with_values)
			result = keeper_visit(session, until_ms, folder, names.names[i], is_watched,
					      visit, arg, reason);
		else
			visit(arg, names.names[i], NULL);
	}
	zookeeper_names_free(&names);
	return result;
}

static enum coordinator_result
keeper_list(void *self, uint64_t until_ms, const char *folder, bool with_values,
	    coordinator_visit_fn *visit, void *arg, struct text *reason)
{
	struct keeper_session *session = self;

	if (session->client == NULL)
		return keeper_no_session(reason);
	return keeper_list_all(session, until_ms, folder, with_values, false, visit, arg, reason);
}

static enum coordinator_result
keeper_read(void *self, uint64_t until_ms, const char *path, struct coordinator_node *node,
	    struct text *reason)
{
	struct keeper_session *session = self;
	struct zookeeper_node found;
	enum coordinator_result result;
	bool exists;

	*node = (struct coordinator_node){0};
	if (session->client == NULL)
		return keeper_no_session(reason);
	result = keeper_get(session, until_ms, path, false, &found, &exists, reason);
	if (exists)
		*node = (struct coordinator_node){.exists = true,
						  .value = found.value,
						  .version = (uint64_t)found.version,
						  .creation = found.owner};
	return result;
}

/* --- waiting ------------------------------------------------------------------------------------- */

static void
keeper_ignore(void *arg, const char *name, const char *value)
{
	(void)arg;
	(void)name;
	(void)value;
}

/* Wait without a session. */
static void
keeper_sleep(struct keeper_session *session, uint64_t until_ms)
{
	struct timespec until = clock_moment(until_ms);

	pthread_mutex_lock(&session->mutex);
	while (!session->is_woken &&
	       pthread_cond_timedwait(&session->woken, &session->mutex, &until) == 0)
		;
	session->is_woken = false;
	pthread_mutex_unlock(&session->mutex);
}

static bool
keeper_was_woken(struct keeper_session *session)
{
	bool is_woken;

	pthread_mutex_lock(&session->mutex);
	is_woken = session->is_woken;
	session->is_woken = false;
	pthread_mutex_unlock(&session->mutex);
	return is_woken;
}

static enum coordinator_result
keeper_check(struct keeper_session *session, struct text *reason)
{
	if (zookeeper_is_expired(session->client)) {
		text_add(reason, "the session has expired in ZooKeeper");
		return COORDINATOR_GONE;
	}
	if (!zookeeper_is_connected(session->client)) {
		session->is_armed = false;
		text_add(reason, "no server of ZooKeeper is connected");
		return COORDINATOR_UNKNOWN;
	}
	session->heard_ms = clock_ms();
	return COORDINATOR_OK;
}

/*
 * Watch FOLDER and the nodes below it. They may have changed before that, so the caller reads them again. An event ends
 * the wait, and then they are watched again.
 */
static enum coordinator_result
keeper_arm(struct keeper_session *session, const char *folder, bool *has_changed,
	   struct text *reason)
{
	enum coordinator_result result;

	if (folder == NULL || session->is_armed)
		return COORDINATOR_OK;
	result = keeper_list_all(session, clock_ms() + session->ttl_ms / 5, folder, true, true,
				 keeper_ignore, NULL, reason);
	session->is_armed = *has_changed = result == COORDINATOR_OK;
	return result;
}

static enum coordinator_result
keeper_wait(void *self, uint64_t until_ms, const char *folder, bool *has_changed,
	    struct text *reason)
{
	struct keeper_session *session = self;
	enum coordinator_result result;

	*has_changed = false;
	if (session->client == NULL) {
		keeper_sleep(session, until_ms);
		return COORDINATOR_OK;
	}
	result = keeper_arm(session, folder, has_changed, reason);
	if (result == COORDINATOR_GONE || *has_changed)
		return result;
	text_clear(reason);
	zookeeper_wait(session->client, until_ms);
	if (!keeper_was_woken(session) && clock_ms() < until_ms)
		session->is_armed = false;
	return keeper_check(session, reason);
}

/* --- the driver ---------------------------------------------------------------------------------- */

const struct coordinator_kind coordinator_zookeeper = {
	.name = "zookeeper",
	.has_rooted_paths = true,
	.open = keeper_open,
	.begin = keeper_begin,
	.end = keeper_end,
	.expires_at_ms = keeper_expires_at_ms,
	.look = keeper_look,
	.list = keeper_list,
	.read = keeper_read,
	.commit = keeper_commit,
	.wait = keeper_wait,
	.wake = keeper_wake,
	.close = keeper_close,
};
