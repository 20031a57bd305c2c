#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "remote/etcd.h"
#include "store/etcd_sequences.h"
#include "store/shelf.h"

#define PREFIX_SIZE	    256
#define KEY_SIZE	    (PREFIX_SIZE + SHELF_NAME_SIZE)
#define MOST_ENDPOINTS	    16
#define LONGEST_PREFIX	    200
#define PAGE		    200 /* keys of one answer */
#define SHORTEST_ATTEMPT_MS 500
#define LONGEST_DIAL_S	    60

struct etcd_own {
	struct etcd_place place; /* owned strings */
	char prefix[PREFIX_SIZE];
	size_t prefix_len;
};

struct shelf_session {
	const struct etcd_own *own;
	struct etcd *etcd;
	uint64_t timeout_ms;
	uint64_t cluster_id; /* 0: not seen yet */
	uint64_t revision;   /* the highest one */
};

/* --- settings -------------------------------------------------------------------------------------- */

static char *
etcd_place_copy(const char *words)
{
	return words != NULL ? xstrdup(words) : NULL;
}

void
etcd_place_set(struct store_settings *settings, const struct etcd_place *place)
{
	struct etcd_own *own = xcalloc(1, sizeof(*own));
	const char **endpoints = xcalloc(place->endpoints_count, sizeof(*endpoints));
	const char *prefix = place->prefix != NULL ? place->prefix : ETCD_DEFAULT_PREFIX;
	struct text text = TEXT_OVER(own->prefix);

	for (size_t i = 0; i < place->endpoints_count; i++)
		endpoints[i] = xstrdup(place->endpoints[i]);
	own->place = (struct etcd_place){
		.endpoints = endpoints,
		.endpoints_count = place->endpoints_count,
		.user = etcd_place_copy(place->user),
		.password = etcd_place_copy(place->password),
		.ca_file = etcd_place_copy(place->ca_file),
		.cert_file = etcd_place_copy(place->cert_file),
		.key_file = etcd_place_copy(place->key_file),
	};
	text_addf(&text, "%s%s%s", prefix[0] == '/' ? "" : "/", prefix,
		  prefix[0] != '\0' && prefix[strlen(prefix) - 1] == '/' ? "" : "/");
	own->prefix_len = text.len;
	settings->own = own;
	settings->name = xstrdup(endpoints[0]);
}

static void
etcd_place_forget(struct store_settings *settings)
{
	struct etcd_own *own = settings->own;

	free((void *)settings->name);
	settings->name = NULL;
	if (own == NULL)
		return;
	for (size_t i = 0; i < own->place.endpoints_count; i++)
		free((void *)own->place.endpoints[i]);
	free((void *)own->place.endpoints);
	free((void *)own->place.user);
	xforget((char *)own->place.password);
	free((void *)own->place.ca_file);
	free((void *)own->place.cert_file);
	free((void *)own->place.key_file);
	free(own);
	settings->own = NULL;
}

/* Add SCHEME to ONE if it has none; the caller frees it. NULL: it is none, which is reported. */
static char *
etcd_place_endpoint(const struct store_given *given, const char *one, const char *scheme)
{
	char memory[512];
	struct text endpoint = TEXT_OVER(memory);
	const char *mistake;

	text_addf(&endpoint, "%s%s", strstr(one, "://") != NULL ? "" : scheme, one);
	mistake = endpoint.is_truncated ? "it is too long" : web_endpoint_mistake(memory);
	if (mistake == NULL)
		return xstrdup(memory);
	given->refuse(given, "endpoints", mistake);
	return NULL;
}

/* Fill PLACE from LIST, whose endpoints stand between semicolons or commas. */
static void
etcd_place_read(const struct store_given *given, char *list, const char *scheme,
		struct etcd_place *place, const char **endpoints)
{
	bool is_good = true;
	char *rest = list;

	for (char *one = strsep(&rest, ";, "); one != NULL; one = strsep(&rest, ";, ")) {
		if (one[0] == '\0')
			continue;
		if (place->endpoints_count == MOST_ENDPOINTS) {
			given->refuse(given, "endpoints", "it has more than 16");
			return;
		}
		endpoints[place->endpoints_count] = etcd_place_endpoint(given, one, scheme);
		is_good = is_good && endpoints[place->endpoints_count] != NULL;
		place->endpoints_count += endpoints[place->endpoints_count] != NULL;
	}
	if (place->endpoints_count == 0 && is_good)
		given->refuse(given, "endpoints", "it names no host");
}

/* Return the value of PROPERTY; NULL: it is empty. */
static const char *
etcd_place_text(const struct store_given *given, const char *property)
{
	const char *value = given->text(given, property, 0);

	return value[0] != '\0' ? value : NULL;
}

/* Layotto's own limit for connecting, in place of TICKR_DATABASE_CONNECT_TIMEOUT. */
static void
etcd_place_read_timeout(const struct store_given *given, struct store_settings *database)
{
	const char *seconds = etcd_place_text(given, "dialTimeout");
	uint64_t number = 0;

	if (seconds == NULL)
		return;
	if (!parse_number(seconds, strlen(seconds), LONGEST_DIAL_S, &number) || number == 0)
		given->refuse(given, "dialTimeout", "it is a number of seconds, from 1 to 60");
	else
		database->connect_timeout_s = (unsigned)number;
}

static void
etcd_sequences_parse(const struct store_given *given, struct store_settings *databases,
		     size_t count)
{
	const char *endpoints[MOST_ENDPOINTS] = {NULL};
	struct etcd_place place = {
		.endpoints = endpoints,
		.prefix = etcd_place_text(given, "keyPrefixPath"),
		.user = etcd_place_text(given, "username"),
		.password = etcd_place_text(given, "password"),
		.ca_file = etcd_place_text(given, "tlsCa"),
		.cert_file = etcd_place_text(given, "tlsCert"),
		.key_file = etcd_place_text(given, "tlsCertKey"),
	};
	bool has_tls = place.ca_file != NULL || place.cert_file != NULL;
	char *list = xstrdup(given->text(given, "endpoints", 0));

	assert(count == 1);
	etcd_place_read(given, list, has_tls ? "https://" : "http://", &place, endpoints);
	if (place.prefix != NULL && strlen(place.prefix) > LONGEST_PREFIX)
		given->refuse(given, "keyPrefixPath", "it has more than 200 bytes");
	if ((place.cert_file != NULL) != (place.key_file != NULL))
		given->refuse(given, "tlsCert", "set tlsCert and tlsCertKey, or neither");
	etcd_place_read_timeout(given, databases);
	if (place.endpoints_count > 0)
		etcd_place_set(databases, &place);
	for (size_t i = 0; i < place.endpoints_count; i++)
		free((void *)endpoints[i]);
	free(list);
}

/* --- sessions -------------------------------------------------------------------------------------- */

static enum store_result
etcd_shelf_open(const struct store_settings *settings, struct shelf_session **session,
		struct text *reason)
{
	const struct etcd_own *own = settings->own;
	uint64_t timeout_ms = settings->query_timeout_s * 1000ull;
	uint64_t attempt_ms = timeout_ms / own->place.endpoints_count;
	struct etcd_settings client = {
		.web = {.endpoints = own->place.endpoints,
			.endpoints_count = own->place.endpoints_count,
			.ca_file = own->place.ca_file,
			.cert_file = own->place.cert_file,
			.key_file = own->place.key_file},
		.user = own->place.user,
		.password = own->place.password,
		.attempt_ms = attempt_ms > SHORTEST_ATTEMPT_MS ? attempt_ms : SHORTEST_ATTEMPT_MS,
		.connect_ms = settings->connect_timeout_s * 1000ull,
	};

	(void)reason;
	*session = xcalloc(1, sizeof(**session));
	(*session)->own = own;
	(*session)->timeout_ms = timeout_ms;
	(*session)->etcd = etcd_new(&client);
	return STORE_OK;
}

static void
etcd_shelf_close(struct shelf_session *session)
{
	etcd_free(session->etcd);
	free(session);
}

/* Whether HEADER is from the cluster of this session, and not from an older copy of it. */
static enum store_result
etcd_shelf_check(struct shelf_session *session, const struct etcd_header *header,
		 struct text *reason)
{
	if (session->cluster_id == 0)
		session->cluster_id = header->cluster_id;
	if (header->cluster_id != session->cluster_id)
		text_addf(reason,
			  "another cluster of etcd answers: %" PRIu64 " and not %" PRIu64
			  "; list endpoints of one cluster only",
			  header->cluster_id, session->cluster_id);
	else if (header->revision < session->revision)
		text_addf(reason,
			  "etcd has gone back in time: its revision is %" PRIu64
			  ", and was %" PRIu64,
			  header->revision, session->revision);
	else {
		session->revision = header->revision;
		return STORE_OK;
	}
	return STORE_REFUSED;
}

/* Run TRANSACTION. STORE_OK: the caller frees ANSWER. */
static enum store_result
etcd_shelf_run(struct shelf_session *session, const struct etcd_transaction *transaction,
	       struct etcd_answer *answer, struct text *reason)
{
	enum store_result result;

	switch (etcd_run(session->etcd, transaction, clock_ms() + session->timeout_ms, answer,
			 reason)) {
	case ETCD_OK: break;
	case ETCD_REFUSED: return STORE_FAILED;
	default: return STORE_LOST;
	}
	result = etcd_shelf_check(session, &answer->header, reason);
	if (result != STORE_OK)
		etcd_answer_free(answer);
	return result;
}

/* --- rows ------------------------------------------------------------------------------------------ */

/* Write the key of NAME to KEY, and return its length. */
static size_t
etcd_shelf_key(const struct shelf_session *session, const char *name, size_t name_len, char *key)
{
	memcpy(key, session->own->prefix, session->own->prefix_len);
	memcpy(key + session->own->prefix_len, name, name_len);
	return session->own->prefix_len + name_len;
}

static void
etcd_shelf_fill(struct shelf_row *row, const struct etcd_pair *pair)
{
	row->is_there = pair != NULL;
	row->token = pair != NULL ? pair->mod_revision : 0;
	row->writes = pair != NULL ? pair->version : 0;
	row->value[0] = '\0';
	if (pair == NULL)
		return;
	/* A longer value is none of ours. */
	if (pair->value_len < sizeof(row->value))
		memcpy(row->value, pair->value, pair->value_len + 1);
	else
		memcpy(row->value, "?", 2);
}

static enum store_result
etcd_shelf_read(struct shelf_session *session, struct shelf_row **rows, size_t count,
		struct text *reason)
{
	struct etcd_operation *ranges = xcalloc(count, sizeof(*ranges));
	char(*keys)[KEY_SIZE] = xcalloc(count, sizeof(*keys));
	struct etcd_transaction transaction = {.success = ranges, .success_count = count};
	struct etcd_answer answer;
	enum store_result result;

	for (size_t i = 0; i < count; i++) {
		ranges[i] = (struct etcd_operation){.kind = ETCD_RANGE, .key = keys[i]};
		ranges[i].key_len =
			etcd_shelf_key(session, rows[i]->name, rows[i]->name_len, keys[i]);
	}
	result = etcd_shelf_run(session, &transaction, &answer, reason);
	if (result == STORE_OK) {
		for (size_t i = 0; i < count && i < answer.found_count; i++)
			etcd_shelf_fill(rows[i],
					answer.found[i].count > 0 ? answer.found[i].pairs : NULL);
		if (answer.found_count < count) {
			text_add(reason, "etcd answered fewer keys than tickrd requested");
			result = STORE_FAILED;
		}
		etcd_answer_free(&answer);
	}
	free(ranges);
	free(keys);
	return result;
}

static void
etcd_shelf_prepare(const struct shelf_row *row, char *key, size_t key_len,
		   struct etcd_compare *compare, struct etcd_operation *operation)
{
	*compare = (struct etcd_compare){key, key_len, ETCD_MOD_REVISION,
					 row->is_there ? row->token : 0};
	*operation = (struct etcd_operation){
		.kind = row->change == SHELF_PUT ? ETCD_PUT : ETCD_DELETE,
		.key = key,
		.key_len = key_len,
		.value = row->value,
		.value_len = strlen(row->value),
	};
}

static enum store_result
etcd_shelf_write(struct shelf_session *session, struct shelf_row **rows, size_t count, bool *is_won,
		 struct text *reason)
{
	struct etcd_compare *compares = xcalloc(count, sizeof(*compares));
	struct etcd_operation *operations = xcalloc(count, sizeof(*operations));
	char(*keys)[KEY_SIZE] = xcalloc(count, sizeof(*keys));
	struct etcd_transaction transaction = {
		.compares = compares, .compares_count = count, .success = operations};
	struct etcd_answer answer;
	enum store_result result;

	for (size_t i = 0; i < count; i++) {
		size_t key_len = etcd_shelf_key(session, rows[i]->name, rows[i]->name_len, keys[i]);

		etcd_shelf_prepare(rows[i], keys[i], key_len, &compares[i],
				   &operations[transaction.success_count]);
		transaction.success_count += rows[i]->change != SHELF_KEEP;
	}
	result = etcd_shelf_run(session, &transaction, &answer, reason);
	if (result == STORE_OK) {
		*is_won = answer.has_succeeded;
		for (size_t i = 0; i < count && *is_won; i++)
			if (rows[i]->change == SHELF_PUT)
				rows[i]->token = answer.header.revision;
		etcd_answer_free(&answer);
	}
	free(compares);
	free(operations);
	free(keys);
	return result;
}

/* --- lists ----------------------------------------------------------------------------------------- */

/* Hand the pairs of one answer to EACH, and move KEY after the last one. */
static void
etcd_shelf_list_page(const struct shelf_session *session, const struct etcd_found *found, char *key,
		     size_t *key_len, void (*each)(void *arg, const struct shelf_row *row),
		     void *arg)
{
	size_t prefix_len = session->own->prefix_len;

	for (size_t i = 0; i < found->count; i++) {
		const struct etcd_pair *pair = &found->pairs[i];
		struct shelf_row row = {.name_len = pair->key_len - prefix_len};

		if (pair->key_len <= prefix_len || pair->key_len >= KEY_SIZE)
			continue;
		memcpy(key, pair->key, pair->key_len);
		key[pair->key_len] = '\0';
		*key_len = pair->key_len + 1;
		if (row.name_len >= sizeof(row.name))
			continue;
		memcpy(row.name, pair->key + prefix_len, row.name_len);
		etcd_shelf_fill(&row, pair);
		each(arg, &row);
	}
}

static enum store_result
etcd_shelf_list(struct shelf_session *session, const char *after, size_t after_len, uint32_t limit,
		void (*each)(void *arg, const struct shelf_row *row), void *arg,
		struct text *reason)
{
	bool is_reserved = after_len > 0 && (unsigned char)after[0] == SEQUENCE_RESERVED;
	char key[KEY_SIZE + 1] = "", end[KEY_SIZE];
	struct etcd_operation range = {.kind = ETCD_RANGE, .key = key, .end = end};
	struct etcd_transaction transaction = {.success = &range, .success_count = 1};
	bool is_more = true;

	range.key_len = etcd_shelf_key(session, after, after_len, key) + (after_len > 0);
	range.end_len = session->own->prefix_len;
	etcd_prefix_end(session->own->prefix, session->own->prefix_len, end);
	if (!is_reserved)
		range.end_len = etcd_shelf_key(session, "\xff", 1, end);
	while (is_more && limit > 0) {
		struct etcd_answer answer;
		enum store_result result;

		range.limit = limit < PAGE ? limit : PAGE;
		result = etcd_shelf_run(session, &transaction, &answer, reason);
		if (result != STORE_OK)
			return result;
		is_more = answer.found_count > 0 && answer.found[0].is_more &&
			  answer.found[0].count > 0;
		if (answer.found_count > 0) {
			etcd_shelf_list_page(session, &answer.found[0], key, &range.key_len, each,
					     arg);
			limit -= (uint32_t)answer.found[0].count;
		}
		etcd_answer_free(&answer);
	}
	return STORE_OK;
}

/* --- the store ------------------------------------------------------------------------------------- */

static const struct shelf etcd_shelf = {
	.words = "etcd",
	.open = etcd_shelf_open,
	.close = etcd_shelf_close,
	.read = etcd_shelf_read,
	.write = etcd_shelf_write,
	.list = etcd_shelf_list,
};

static enum store_result
etcd_sequences_open(const struct store_settings *settings, struct store_session **session,
		    struct text *reason)
{
	return shelf_open(&etcd_shelf, settings, session, reason);
}

static void
etcd_sequences_nothing(void)
{
}

static void
etcd_sequences_claim(struct store_settings *settings)
{
	(void)settings;
}

const struct store etcd_sequences_store = {
	.name = "etcd",
	.parse = etcd_sequences_parse,
	.forget = etcd_place_forget,
	.begin = etcd_begin,
	.end = etcd_end,
	.thread_begin = etcd_sequences_nothing,
	.thread_end = etcd_sequences_nothing,
	.claim = etcd_sequences_claim,
	.release = etcd_sequences_claim,
	.open = etcd_sequences_open,
	SHELF_STORE,
};
