#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "remote/etcd_call.h"
#include "remote/etcd_json.h"

bool
etcd_begin(void)
{
	json_set_alloc_funcs(xmalloc, free);
	return web_begin();
}

void
etcd_end(void)
{
	web_end();
}

struct etcd *
etcd_new(const struct etcd_settings *settings)
{
	struct etcd *etcd = xcalloc(1, sizeof(*etcd));

	assert(settings->attempt_ms > 0);
	etcd->web = web_new(&settings->web);
	etcd->endpoints_count = settings->web.endpoints_count;
	etcd->attempt_ms = settings->attempt_ms;
	etcd->connect_ms = settings->connect_ms;
	if (settings->user != NULL)
		etcd->user = xstrdup(settings->user);
	if (settings->password != NULL)
		etcd->password = xstrdup(settings->password);
	return etcd;
}

void
etcd_free(struct etcd *etcd)
{
	web_free(etcd->web);
	free(etcd->user);
	xforget(etcd->password);
	xforget(etcd->authorization);
	free(etcd);
}

const char *
etcd_endpoint(const struct etcd *etcd)
{
	return web_endpoint(etcd->web);
}

void
etcd_wait(struct etcd *etcd, uint64_t until_ms)
{
	web_wait(etcd->web, until_ms);
}

void
etcd_wake(struct etcd *etcd)
{
	web_wake(etcd->web);
}

void
etcd_stop(struct etcd *etcd)
{
	web_stop(etcd->web);
}

/* --- transactions ------------------------------------------------------------------------------- */

static bool
etcd_has_writes(const struct etcd_operation *operations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (operations[i].kind != ETCD_RANGE)
			return true;
	return false;
}

enum etcd_result
etcd_run(struct etcd *etcd, const struct etcd_transaction *transaction, uint64_t deadline_ms,
	 struct etcd_answer *answer, struct text *reason)
{
	bool has_writes = etcd_has_writes(transaction->success, transaction->success_count) ||
			  etcd_has_writes(transaction->failure, transaction->failure_count);
	json_t *request = etcd_json_transaction(transaction), *json;
	struct etcd_header header;
	enum etcd_result result =
		etcd_call(etcd, "/v3/kv/txn", request, has_writes ? ETCD_ONCE : ETCD_AGAIN,
			  deadline_ms, &json, &header, reason);

	json_decref(request);
	*answer = (struct etcd_answer){.header = header};
	if (result != ETCD_OK)
		return result;
	if (!etcd_json_answer(json, answer)) {
		text_addf(reason, "the answer of etcd at %s cannot be read",
			  web_endpoint(etcd->web));
		result = ETCD_UNKNOWN;
	}
	json_decref(json);
	return result;
}

void
etcd_prefix_end(const char *prefix, size_t len, char *end)
{
	assert(len > 0 && (unsigned char)prefix[len - 1] < 0xFF);
	memcpy(end, prefix, len);
	end[len - 1]++;
}

/* --- leases ------------------------------------------------------------------------------------- */

/* Post {"ID":LEASE,"TTL":TTL_S} without the members that are 0. */
static enum etcd_result
etcd_lease_call(struct etcd *etcd, const char *path, uint64_t lease, uint64_t ttl_s,
		uint64_t deadline_ms, json_t **answer, struct etcd_header *header,
		struct text *reason)
{
	json_t *request = json_object();
	enum etcd_result result;

	if (lease > 0)
		etcd_json_set_number(request, "ID", lease);
	if (ttl_s > 0)
		etcd_json_set_number(request, "TTL", ttl_s);
	result = etcd_call(etcd, path, request, ETCD_AGAIN, deadline_ms, answer, header, reason);
	json_decref(request);
	return result;
}

enum etcd_result
etcd_lease_grant(struct etcd *etcd, uint64_t ttl_s, uint64_t deadline_ms, uint64_t *lease,
		 uint64_t *granted_s, struct etcd_header *header, struct text *reason)
{
	json_t *answer;
	enum etcd_result result = etcd_lease_call(etcd, "/v3/lease/grant", 0, ttl_s, deadline_ms,
						  &answer, header, reason);
	bool is_read;

	if (result != ETCD_OK)
		return result;
	is_read = etcd_json_number(answer, "ID", lease) && *lease > 0 &&
		  etcd_json_number(answer, "TTL", granted_s) && *granted_s > 0;
	json_decref(answer);
	if (is_read)
		return ETCD_OK;
	text_addf(reason, "etcd at %s granted no lease", web_endpoint(etcd->web));
	return ETCD_UNKNOWN;
}

/* The answer of a stream: {"result":{"header":..,"ID":..,"TTL":..}}. Without "TTL" the lease is gone. */
enum etcd_result
etcd_lease_keep_alive(struct etcd *etcd, uint64_t lease, uint64_t deadline_ms, uint64_t *ttl_s,
		      struct etcd_header *header, struct text *reason)
{
	json_t *answer;
	enum etcd_result result = etcd_lease_call(etcd, "/v3/lease/keepalive", lease, 0,
						  deadline_ms, &answer, header, reason);

	if (result != ETCD_OK)
		return result;
	if (!etcd_json_number(answer, "TTL", ttl_s)) {
		text_addf(reason, "the answer of etcd at %s has no TTL that can be read",
			  web_endpoint(etcd->web));
		result = ETCD_UNKNOWN;
	}
	json_decref(answer);
	return result;
}

enum etcd_result
etcd_lease_left(struct etcd *etcd, uint64_t lease, uint64_t deadline_ms, uint64_t *left_s,
		bool *is_gone, struct etcd_header *header, struct text *reason)
{
	json_t *answer;
	enum etcd_result result = etcd_lease_call(etcd, "/v3/lease/timetolive", lease, 0,
						  deadline_ms, &answer, header, reason);
	const char *words;

	if (result != ETCD_OK)
		return result;
	words = json_string_value(json_object_get(answer, "TTL"));
	*is_gone = words != NULL && words[0] == '-';
	if (*is_gone)
		*left_s = 0;
	else if (!etcd_json_number(answer, "TTL", left_s))
		result = ETCD_UNKNOWN;
	json_decref(answer);
	return result;
}

enum etcd_result
etcd_lease_revoke(struct etcd *etcd, uint64_t lease, uint64_t deadline_ms, struct text *reason)
{
	struct etcd_header header;
	json_t *answer;
	enum etcd_result result = etcd_lease_call(etcd, "/v3/lease/revoke", lease, 0, deadline_ms,
						  &answer, &header, reason);

	json_decref(answer);
	if (result != ETCD_REFUSED || header.code != ETCD_NOT_FOUND)
		return result;
	text_clear(reason);
	return ETCD_OK;
}
