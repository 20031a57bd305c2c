#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "remote/base64.h"
#include "remote/etcd_json.h"

/* --- members ------------------------------------------------------------------------------------- */

void
etcd_json_set_number(json_t *object, const char *name, uint64_t number)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	json_object_set_new(object, name, json_string(digits));
}

void
etcd_json_set_bytes(json_t *object, const char *name, const char *bytes, size_t len)
{
	char *text = base64_encode(bytes, len);

	json_object_set_new(object, name, json_string(text));
	free(text);
}

bool
etcd_json_number(const json_t *object, const char *name, uint64_t *number)
{
	const json_t *member = json_object_get(object, name);

	*number = 0;
	if (member == NULL)
		return true;
	if (json_is_string(member))
		return parse_number(json_string_value(member), json_string_length(member),
				    UINT64_MAX, number);
	*number = (uint64_t)json_integer_value(member);
	return json_is_integer(member) && json_integer_value(member) >= 0;
}

static bool
etcd_json_bytes(const json_t *object, const char *name, char **bytes, size_t *len)
{
	const json_t *member = json_object_get(object, name);

	*len = 0;
	if (member == NULL) {
		*bytes = xcalloc(1, 1);
		return true;
	}
	*bytes = json_is_string(member)
			 ? base64_decode(json_string_value(member), json_string_length(member), len)
			 : NULL;
	return *bytes != NULL;
}

/* --- the request --------------------------------------------------------------------------------- */

static json_t *
etcd_json_compare(const struct etcd_compare *compare)
{
	static const struct {
		const char *target, *member;
	} targets[] = {
		[ETCD_MOD_REVISION] = {"MOD", "mod_revision"},
		[ETCD_CREATE_REVISION] = {"CREATE", "create_revision"},
		[ETCD_VERSION] = {"VERSION", "version"},
		[ETCD_LEASE] = {"LEASE", "lease"},
	};
	json_t *json = json_object();

	etcd_json_set_bytes(json, "key", compare->key, compare->key_len);
	json_object_set_new(json, "target", json_string(targets[compare->target].target));
	json_object_set_new(json, "result", json_string("EQUAL"));
	etcd_json_set_number(json, targets[compare->target].member, compare->equals);
	return json;
}

static json_t *
etcd_json_operation(const struct etcd_operation *operation)
{
	static const char *const names[] = {[ETCD_PUT] = "request_put",
					    [ETCD_DELETE] = "request_delete_range",
					    [ETCD_RANGE] = "request_range"};
	json_t *request = json_object(), *json = json_object();

	etcd_json_set_bytes(request, "key", operation->key, operation->key_len);
	if (operation->end != NULL)
		etcd_json_set_bytes(request, "range_end", operation->end, operation->end_len);
	if (operation->kind == ETCD_PUT)
		etcd_json_set_bytes(request, "value", operation->value, operation->value_len);
	if (operation->lease > 0)
		etcd_json_set_number(request, "lease", operation->lease);
	if (operation->limit > 0)
		etcd_json_set_number(request, "limit", operation->limit);
	if (operation->is_keys_only)
		json_object_set_new(request, "keys_only", json_true());
	json_object_set_new(json, names[operation->kind], request);
	return json;
}

static json_t *
etcd_json_operations(const struct etcd_operation *operations, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, etcd_json_operation(&operations[i]));
	return array;
}

json_t *
etcd_json_transaction(const struct etcd_transaction *transaction)
{
	json_t *json = json_object(), *compares = json_array();

	for (size_t i = 0; i < transaction->compares_count; i++)
		json_array_append_new(compares, etcd_json_compare(&transaction->compares[i]));
	json_object_set_new(json, "compare", compares);
	json_object_set_new(json, "success",
			    etcd_json_operations(transaction->success, transaction->success_count));
	json_object_set_new(json, "failure",
			    etcd_json_operations(transaction->failure, transaction->failure_count));
	return json;
}

/* --- the answer ---------------------------------------------------------------------------------- */

bool
etcd_json_header(const json_t *answer, struct etcd_header *header)
{
	const json_t *json = json_object_get(answer, "header");

	return json_is_object(json) && etcd_json_number(json, "cluster_id", &header->cluster_id) &&
	       etcd_json_number(json, "member_id", &header->member_id) &&
	       etcd_json_number(json, "revision", &header->revision);
}

void
etcd_pair_clear(struct etcd_pair *pair)
{
	free(pair->key);
	free(pair->value);
	*pair = (struct etcd_pair){0};
}

bool
etcd_json_pair(const json_t *json, struct etcd_pair *pair)
{
	*pair = (struct etcd_pair){0};
	if (json_is_object(json) && etcd_json_bytes(json, "key", &pair->key, &pair->key_len) &&
	    etcd_json_bytes(json, "value", &pair->value, &pair->value_len) &&
	    etcd_json_number(json, "create_revision", &pair->create_revision) &&
	    etcd_json_number(json, "mod_revision", &pair->mod_revision) &&
	    etcd_json_number(json, "version", &pair->version) &&
	    etcd_json_number(json, "lease", &pair->lease))
		return true;
	etcd_pair_clear(pair);
	return false;
}

/* A range in the answer of one operation. Puts and deletes have none, and find nothing. */
static bool
etcd_json_found(const json_t *response, struct etcd_found *found)
{
	const json_t *range = json_object_get(response, "response_range");
	const json_t *pairs = json_object_get(range, "kvs");
	size_t count = json_array_size(pairs);

	*found = (struct etcd_found){.is_more = json_is_true(json_object_get(range, "more"))};
	if (count > 0)
		found->pairs = xcalloc(count, sizeof(*found->pairs));
	for (; found->count < count; found->count++)
		if (!etcd_json_pair(json_array_get(pairs, found->count),
				    &found->pairs[found->count]))
			return false;
	return true;
}

void
etcd_answer_free(struct etcd_answer *answer)
{
	for (size_t i = 0; i < answer->found_count; i++) {
		for (size_t j = 0; j < answer->found[i].count; j++)
			etcd_pair_clear(&answer->found[i].pairs[j]);
		free(answer->found[i].pairs);
	}
	free(answer->found);
	answer->found = NULL;
	answer->found_count = 0;
}

bool
etcd_json_answer(const json_t *json, struct etcd_answer *answer)
{
	const json_t *responses = json_object_get(json, "responses");
	size_t count = json_array_size(responses);

	answer->has_succeeded = json_is_true(json_object_get(json, "succeeded"));
	answer->found = NULL;
	answer->found_count = 0;
	if (!etcd_json_header(json, &answer->header))
		return false;
	if (count > 0)
		answer->found = xcalloc(count, sizeof(*answer->found));
	for (size_t i = 0; i < count; i++) {
		bool is_read = etcd_json_found(json_array_get(responses, i), &answer->found[i]);

		answer->found_count++;
		if (!is_read) {
			etcd_answer_free(answer);
			return false;
		}
	}
	return true;
}
