#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "remote/zookeeper.h"
#include "store/shelf.h"
#include "store/zookeeper_sequences.h"

/* A version is a signed 32-bit number. Before its end a node is deleted and made again in one transaction. */
#define LAST_VERSION	  (INT32_MAX - 1000000)
#define LONGEST_SESSION_S 60

struct zookeeper_own {
	char *hosts, *digest;
	unsigned session_s;
};

struct shelf_session {
	struct zookeeper *client;
	uint64_t timeout_ms;
};

/* --- settings -------------------------------------------------------------------------------------- */

void
zookeeper_place_set(struct store_settings *settings, const struct zookeeper_place *place)
{
	struct zookeeper_own *own = xcalloc(1, sizeof(*own));

	own->hosts = xstrdup(place->hosts);
	own->digest = place->digest != NULL ? xstrdup(place->digest) : NULL;
	own->session_s = place->session_s;
	settings->own = own;
	settings->name = xstrdup(place->hosts);
}

static void
zookeeper_place_forget(struct store_settings *settings)
{
	struct zookeeper_own *own = settings->own;

	free((void *)settings->name);
	settings->name = NULL;
	if (own == NULL)
		return;
	free(own->hosts);
	xforget(own->digest);
	free(own);
	settings->own = NULL;
}

static void
zookeeper_sequences_parse(const struct store_given *given, struct store_settings *databases,
			  size_t count)
{
	const char *digest = given->text(given, "zookeeperPassword", 0);
	const char *seconds = given->text(given, "SessionTimeout", 0);
	char *hosts = xstrdup(given->text(given, "zookeeperHosts", 0));
	struct zookeeper_place place = {.hosts = hosts};
	uint64_t session_s = 0;

	assert(count == 1);
	for (char *c = hosts; *c != '\0'; c++)
		if (*c == ';')
			*c = ',';
	if (hosts[0] == '\0' || strpbrk(hosts, " \t") != NULL)
		given->refuse(given, "zookeeperHosts", "write host:port,host:port");
	if (digest[0] != '\0' && strchr(digest, ':') == NULL)
		given->refuse(given, "zookeeperPassword", "write user:password");
	else if (digest[0] != '\0')
		place.digest = digest;
	if (!parse_number(seconds, strlen(seconds), LONGEST_SESSION_S, &session_s) ||
	    session_s == 0)
		given->refuse(given, "SessionTimeout", "it is a number of seconds, from 1 to 60");
	place.session_s = (unsigned)session_s;
	zookeeper_place_set(databases, &place);
	free(hosts);
}

/* --- sessions -------------------------------------------------------------------------------------- */

static enum store_result
zookeeper_shelf_result(enum zookeeper_result result)
{
	switch (result) {
	case ZOOKEEPER_OK: return STORE_OK;
	case ZOOKEEPER_REFUSED: return STORE_FAILED;
	default: return STORE_LOST;
	}
}

/* The folder at the end of the list of hosts, which is "/" here, must be there. */
static enum store_result
zookeeper_shelf_find_folder(struct shelf_session *session, struct text *reason)
{
	struct zookeeper_node folder = {.value = NULL};
	int code;
	enum zookeeper_result result =
		zookeeper_get(session->client, "/", false, clock_ms() + session->timeout_ms,
			      &folder, &code, reason);

	free(folder.value);
	if (result == ZOOKEEPER_REFUSED && code == ZOOKEEPER_NO_NODE) {
		text_clear(reason);
		text_add(reason, "the folder at the end of the hosts does not exist in ZooKeeper: "
				 "create it");
		return STORE_REFUSED;
	}
	return zookeeper_shelf_result(result);
}

static enum store_result
zookeeper_shelf_open(const struct store_settings *settings, struct shelf_session **opened,
		     struct text *reason)
{
	const struct zookeeper_own *own = settings->own;
	struct zookeeper_settings client = {
		.hosts = own->hosts, .session_ms = own->session_s * 1000ull, .digest = own->digest};
	struct shelf_session *session = xcalloc(1, sizeof(*session));
	enum zookeeper_result result =
		zookeeper_open(&client, clock_ms() + settings->connect_timeout_s * 1000ull,
			       &session->client, reason);

	session->timeout_ms = settings->query_timeout_s * 1000ull;
	if (result != ZOOKEEPER_OK) {
		free(session);
		return zookeeper_shelf_result(result);
	}
	*opened = session;
	return zookeeper_shelf_find_folder(session, reason);
}

static void
zookeeper_shelf_close(struct shelf_session *session)
{
	zookeeper_end(session->client);
	free(session);
}

/* --- reading --------------------------------------------------------------------------------------- */

static enum store_result
zookeeper_shelf_read_one(struct shelf_session *session, struct shelf_row *row, uint64_t deadline_ms,
			 struct text *reason)
{
	char path[ZOOKEEPER_PATH_SIZE];
	struct zookeeper_node node;
	enum zookeeper_result result;
	int code;

	zookeeper_path_write(row->name, row->name_len, path);
	result = zookeeper_get(session->client, path, false, deadline_ms, &node, &code, reason);
	row->is_there = false;
	row->is_ephemeral = false;
	row->token = row->writes = 0;
	row->value[0] = '\0';
	if (result == ZOOKEEPER_REFUSED && code == ZOOKEEPER_NO_NODE) {
		text_clear(reason);
		return STORE_OK;
	}
	if (result != ZOOKEEPER_OK)
		return zookeeper_shelf_result(result);
	row->is_there = true;
	row->is_ephemeral = node.owner != 0;
	row->token = (uint64_t)node.version;
	row->writes = (uint64_t)node.version;
	/* A longer value is none of ours. */
	if (node.value_len < sizeof(row->value))
		memcpy(row->value, node.value, node.value_len + 1);
	else
		memcpy(row->value, "?", 2);
	free(node.value);
	return STORE_OK;
}

static enum store_result
zookeeper_shelf_read(struct shelf_session *session, struct shelf_row **rows, size_t count,
		     struct text *reason)
{
	uint64_t deadline_ms = clock_ms() + session->timeout_ms;
	enum store_result result =
		zookeeper_shelf_result(zookeeper_sync(session->client, deadline_ms, reason));

	for (size_t i = 0; i < count && result == STORE_OK; i++)
		result = zookeeper_shelf_read_one(session, rows[i], deadline_ms, reason);
	return result;
}

/* --- writing --------------------------------------------------------------------------------------- */

/* A transaction, and which row each of its operations writes. */
struct zookeeper_writing {
	struct zookeeper_operation operations[ZOOKEEPER_MOST_OPERATIONS];
	struct shelf_row *rows[ZOOKEEPER_MOST_OPERATIONS];
	size_t count;
};

static void
zookeeper_shelf_add(struct zookeeper_writing *writing, enum zookeeper_kind kind,
		    struct shelf_row *row, const char *path, int32_t version)
{
	assert(writing->count < ZOOKEEPER_MOST_OPERATIONS);
	writing->rows[writing->count] = row;
	writing->operations[writing->count++] = (struct zookeeper_operation){
		.kind = kind,
		.path = path,
		.value = kind == ZOOKEEPER_DELETE ? "" : row->value,
		.value_len = kind == ZOOKEEPER_DELETE ? 0 : strlen(row->value),
		.version = version,
	};
}

/* A row that is not there is kept so by making and deleting it. */
static void
zookeeper_shelf_prepare(struct zookeeper_writing *writing, struct shelf_row *row, const char *path)
{
	int32_t version = (int32_t)row->token;

	if (!row->is_there) {
		zookeeper_shelf_add(writing, ZOOKEEPER_CREATE, row, path, 0);
		if (row->change != SHELF_PUT)
			zookeeper_shelf_add(writing, ZOOKEEPER_DELETE, row, path, 0);
	} else if (row->change == SHELF_KEEP)
		zookeeper_shelf_add(writing, ZOOKEEPER_CHECK, row, path, version);
	else if (row->change == SHELF_DELETE)
		zookeeper_shelf_add(writing, ZOOKEEPER_DELETE, row, path, version);
	else if (row->is_ephemeral || version >= LAST_VERSION) {
		zookeeper_shelf_add(writing, ZOOKEEPER_DELETE, row, path, version);
		zookeeper_shelf_add(writing, ZOOKEEPER_CREATE, row, path, 0);
	} else
		zookeeper_shelf_add(writing, ZOOKEEPER_SET, row, path, version);
}

/* The transaction was carried out. */
static void
zookeeper_shelf_note(struct zookeeper_writing *writing)
{
	for (size_t i = 0; i < writing->count; i++) {
		struct shelf_row *row = writing->rows[i];

		if (writing->operations[i].kind == ZOOKEEPER_SET)
			row->token = (uint64_t)writing->operations[i].node.version;
		else if (writing->operations[i].kind == ZOOKEEPER_CREATE)
			row->token = 0;
		if (row->change == SHELF_PUT)
			row->is_ephemeral = false;
	}
}

static enum store_result
zookeeper_shelf_write(struct shelf_session *session, struct shelf_row **rows, size_t count,
		      bool *is_won, struct text *reason)
{
	struct zookeeper_writing *writing = xcalloc(1, sizeof(*writing));
	char(*paths)[ZOOKEEPER_PATH_SIZE] = xcalloc(count, sizeof(*paths));
	enum zookeeper_result result;
	int code = 0;

	for (size_t i = 0; i < count; i++) {
		zookeeper_path_write(rows[i]->name, rows[i]->name_len, paths[i]);
		zookeeper_shelf_prepare(writing, rows[i], paths[i]);
	}
	result = zookeeper_run(session->client, writing->operations, writing->count,
			       clock_ms() + session->timeout_ms, &code, reason);
	*is_won = result == ZOOKEEPER_OK;
	if (*is_won)
		zookeeper_shelf_note(writing);
	free(writing);
	free(paths);
	if (result == ZOOKEEPER_REFUSED &&
	    (code == ZOOKEEPER_BAD_VERSION || code == ZOOKEEPER_NO_NODE ||
	     code == ZOOKEEPER_EXISTS)) {
		text_clear(reason);
		return STORE_OK;
	}
	return zookeeper_shelf_result(result);
}

/* --- lists ----------------------------------------------------------------------------------------- */

static int
zookeeper_shelf_compare(const void *a, const void *b)
{
	const struct shelf_row *const *one = a, *const *other = b;

	return sequence_rows_compare((*one)->name, (*one)->name_len, (*other)->name,
				     (*other)->name_len);
}

/* Return the rows of NAMES that the list is to have, sorted, without their values. */
static struct shelf_row **
zookeeper_shelf_choose(const struct zookeeper_names *names, const char *after, size_t after_len,
		       size_t *count)
{
	struct shelf_row **rows = xcalloc(names->count + 1, sizeof(*rows));
	bool is_reserved = after_len > 0 && (unsigned char)after[0] == SEQUENCE_RESERVED;

	*count = 0;
	for (size_t i = 0; i < names->count; i++) {
		struct shelf_row row = {.name_len = 0};

		if (!zookeeper_path_read(names->names[i], row.name, &row.name_len) ||
		    sequence_rows_compare(row.name, row.name_len, after, after_len) <= 0 ||
		    ((unsigned char)row.name[0] == SEQUENCE_RESERVED) != is_reserved)
			continue;
		rows[*count] = xcalloc(1, sizeof(row));
		*rows[(*count)++] = row;
	}
	if (*count > 1)
		qsort(rows, *count, sizeof(*rows), zookeeper_shelf_compare);
	return rows;
}

static enum store_result
zookeeper_shelf_list(struct shelf_session *session, const char *after, size_t after_len,
		     uint32_t limit, void (*each)(void *arg, const struct shelf_row *row),
		     void *arg, struct text *reason)
{
	uint64_t deadline_ms = clock_ms() + session->timeout_ms;
	struct zookeeper_names names;
	struct shelf_row **rows;
	size_t count;
	enum store_result result =
		zookeeper_shelf_result(zookeeper_sync(session->client, deadline_ms, reason));

	if (result == STORE_OK)
		result = zookeeper_shelf_result(zookeeper_children(
			session->client, "/", false, deadline_ms, &names, NULL, reason));
	if (result != STORE_OK)
		return result;
	rows = zookeeper_shelf_choose(&names, after, after_len, &count);
	zookeeper_names_free(&names);
	for (size_t i = 0; i < count; i++) {
		if (result == STORE_OK && i < limit)
			result = zookeeper_shelf_read_one(session, rows[i],
							  clock_ms() + session->timeout_ms, reason);
		if (result == STORE_OK && i < limit && rows[i]->is_there)
			each(arg, rows[i]);
		free(rows[i]);
	}
	free(rows);
	return result;
}

/* --- the store ------------------------------------------------------------------------------------- */

static const struct shelf zookeeper_shelf = {
	.words = "ZooKeeper",
	.open = zookeeper_shelf_open,
	.close = zookeeper_shelf_close,
	.read = zookeeper_shelf_read,
	.write = zookeeper_shelf_write,
	.list = zookeeper_shelf_list,
};

static enum store_result
zookeeper_sequences_open(const struct store_settings *settings, struct store_session **session,
			 struct text *reason)
{
	return shelf_open(&zookeeper_shelf, settings, session, reason);
}

static bool
zookeeper_sequences_begin(void)
{
	return true;
}

static void
zookeeper_sequences_nothing(void)
{
}

static void
zookeeper_sequences_claim(struct store_settings *settings)
{
	(void)settings;
}

const struct store zookeeper_sequences_store = {
	.name = "zookeeper",
	.parse = zookeeper_sequences_parse,
	.forget = zookeeper_place_forget,
	.begin = zookeeper_sequences_begin,
	.end = zookeeper_sequences_nothing,
	.thread_begin = zookeeper_sequences_nothing,
	.thread_end = zookeeper_sequences_nothing,
	.claim = zookeeper_sequences_claim,
	.release = zookeeper_sequences_claim,
	.open = zookeeper_sequences_open,
	SHELF_STORE,
};
