#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "remote/etcd_call.h"
#include "remote/etcd_json.h"

#define MOST_ANSWER	  (16 * 1024 * 1024)
#define AUTHENTICATION_MS 5000 /* etcd hashes the password slowly, on purpose */
#define MOST_WORDS	  200  /* bytes of an error of etcd in a reason */

/* --- the meaning of an answer -------------------------------------------------------------------- */

/* Whether a request that ended with CODE did not happen. */
static bool
etcd_call_is_refusal(unsigned code)
{
	switch (code) {
	case ETCD_INVALID:
	case ETCD_NOT_FOUND:
	case ETCD_PERMISSION:
	case ETCD_EXHAUSTED:
	case ETCD_PRECONDITION:
	case ETCD_OUT_OF_RANGE:
	case ETCD_UNAUTHENTICATED: return true;
	default: return false;
	}
}

/* An error of etcd is {"error":WORDS,"code":N,..}, that of a stream {"error":{"message":WORDS,"grpc_code":N,..}}. */
static const char *
etcd_call_read_error(const json_t *json, uint64_t *code)
{
	const json_t *error = json_object_get(json, "error");
	bool is_stream = json_is_object(error);

	if (!etcd_json_number(is_stream ? error : json, is_stream ? "grpc_code" : "code", code))
		*code = 0;
	return json_string_value(is_stream ? json_object_get(error, "message") : error);
}

/* A proxy may send anything. */
static enum etcd_result
etcd_call_judge_error(const struct web_answer *answer, const json_t *json,
		      struct etcd_header *header, struct text *reason)
{
	uint64_t code;
	const char *words = etcd_call_read_error(json, &code);

	text_addf(reason, "etcd at %s answered %u", answer->endpoint, answer->status);
	if (words != NULL) {
		text_add(reason, ": ");
		text_add_cut(reason, words, MOST_WORDS);
	}
	header->code = (unsigned)code;
	if (code > 0)
		return etcd_call_is_refusal(header->code) ? ETCD_REFUSED : ETCD_UNKNOWN;
	if (answer->status < 300 || answer->status >= 500)
		return ETCD_UNKNOWN;
	text_add(reason, ", which is not an answer of the JSON gateway of etcd 3.4 or later");
	return ETCD_REFUSED;
}

/* Take the object with the header out of ANSWER; streams wrap it in "result". */
static enum etcd_result
etcd_call_judge(const struct web_answer *answer, json_t **json, struct etcd_header *header,
		struct text *reason)
{
	json_t *whole = json_loadb(answer->body, answer->body_len, 0, NULL);
	json_t *result = json_object_get(whole, "result");
	enum etcd_result judgement = ETCD_OK;

	if (!web_answer_date(answer, &header->date_ms))
		header->date_ms = 0;
	*json = json_incref(result != NULL ? result : whole);
	if (answer->status != 200 || !etcd_json_header(*json, header)) {
		judgement = etcd_call_judge_error(answer, whole, header, reason);
		json_decref(*json);
		*json = NULL;
	}
	json_decref(whole);
	return judgement;
}

/* --- attempts ------------------------------------------------------------------------------------ */

/* Post BODY to the present endpoint. After any failure the next endpoint is the present one. */
static enum etcd_result
etcd_call_attempt(struct etcd *etcd, const char *path, const char *body, uint64_t longest_ms,
		  uint64_t deadline_ms, json_t **json, struct etcd_header *header,
		  struct text *reason)
{
	bool has_token = etcd->authorization != NULL && etcd->authorization[0] != '\0';
	const char *const headers[] = {"Content-Type: application/json",
				       has_token ? etcd->authorization : NULL, NULL};
	uint64_t until = clock_ms() + longest_ms;
	struct web_request request = {
		.method = "POST",
		.path = path,
		.headers = headers,
		.body = body,
		.body_len = strlen(body),
		.deadline_ms = until < deadline_ms ? until : deadline_ms,
		.connect_ms = etcd->connect_ms,
		.most_answer = MOST_ANSWER,
	};
	struct web_answer answer;
	enum etcd_result result;

	*header = (struct etcd_header){0};
	switch (web_send(etcd->web, &request, &answer, reason)) {
	case WEB_ANSWERED: break;
	case WEB_NOT_SENT: return ETCD_AWAY;
	case WEB_STOPPED: return ETCD_STOPPED;
	default: return ETCD_UNKNOWN;
	}
	result = etcd_call_judge(&answer, json, header, reason);
	web_answer_free(&answer);
	if (result == ETCD_UNKNOWN)
		web_next_endpoint(etcd->web);
	return result;
}

/* Ask each endpoint until one answers, or the time is over. */
static enum etcd_result
etcd_call_round(struct etcd *etcd, const char *path, const char *body, enum etcd_repeat repeat,
		uint64_t longest_ms, uint64_t deadline_ms, json_t **json,
		struct etcd_header *header, struct text *reason)
{
	enum etcd_result result = ETCD_AWAY;

	for (size_t i = 0; i < etcd->endpoints_count; i++) {
		bool is_last = i + 1 == etcd->endpoints_count;
		enum etcd_result one;

		text_clear(reason);
		one = etcd_call_attempt(etcd, path, body, longest_ms, deadline_ms, json, header,
					reason);
		if (one == ETCD_OK || one == ETCD_REFUSED || one == ETCD_STOPPED)
			return one;
		/* It may have happened, whatever later attempts say. */
		if (one == ETCD_UNKNOWN)
			result = one;
		if (is_last || (one == ETCD_UNKNOWN && repeat == ETCD_ONCE) ||
		    clock_ms() >= deadline_ms)
			break;
	}
	return result;
}

/* --- authentication ------------------------------------------------------------------------------ */

void
etcd_forget_token(struct etcd *etcd)
{
	xforget(etcd->authorization);
	etcd->authorization = NULL;
}

static void
etcd_call_keep_token(struct etcd *etcd, const char *token)
{
	size_t size = sizeof("Authorization: ") + strlen(token);
	struct text header;

	etcd->authorization = xcalloc(1, size);
	header = text_over(etcd->authorization, size);
	text_addf(&header, "Authorization: %s", token);
}

enum etcd_result
etcd_authenticate(struct etcd *etcd, uint64_t deadline_ms, struct etcd_header *header,
		  struct text *reason)
{
	json_t *request, *answer;
	const char *token;
	enum etcd_result result;
	char *body;

	if (etcd->user == NULL || etcd->authorization != NULL)
		return ETCD_OK;
	request = json_pack("{s:s, s:s}", "name", etcd->user, "password",
			    etcd->password != NULL ? etcd->password : "");
	body = json_dumps(request, JSON_COMPACT);
	result = etcd_call_round(etcd, "/v3/auth/authenticate", body, ETCD_AGAIN,
				 etcd->attempt_ms > AUTHENTICATION_MS ? etcd->attempt_ms
								      : AUTHENTICATION_MS,
				 deadline_ms, &answer, header, reason);
	xforget(body);
	json_decref(request);
	if (result == ETCD_REFUSED && header->code == ETCD_PRECONDITION) {
		text_clear(reason);
		etcd->authorization = xcalloc(1, 1); /* authentication is not enabled */
		return ETCD_OK;
	}
	if (result != ETCD_OK)
		return result;
	token = json_string_value(json_object_get(answer, "token"));
	if (token != NULL)
		etcd_call_keep_token(etcd, token);
	json_decref(answer);
	if (token != NULL)
		return ETCD_OK;
	text_addf(reason, "etcd at %s answered without a token", web_endpoint(etcd->web));
	return ETCD_UNKNOWN;
}

/* Whether a refusal means that the token is no longer valid: it expired, or the rights were changed. */
static bool
etcd_call_needs_token(const struct etcd *etcd, const struct etcd_header *header,
		      const struct text *reason)
{
	return etcd->user != NULL && (header->code == ETCD_UNAUTHENTICATED ||
				      strstr(reason->start, "auth store is old") != NULL ||
				      strstr(reason->start, "user name is empty") != NULL);
}

/* --- the call ------------------------------------------------------------------------------------ */

enum etcd_result
etcd_call(struct etcd *etcd, const char *path, const json_t *request, enum etcd_repeat repeat,
	  uint64_t deadline_ms, json_t **answer, struct etcd_header *header, struct text *reason)
{
	char *body = json_dumps(request, JSON_COMPACT);
	enum etcd_result result;

	assert(body != NULL);
	*answer = NULL;
	*header = (struct etcd_header){0};
	for (unsigned i = 0; i < 2; i++) {
		result = etcd_authenticate(etcd, deadline_ms, header, reason);
		if (result == ETCD_UNKNOWN)
			result = ETCD_AWAY; /* nothing of REQUEST was sent */
		if (result != ETCD_OK)
			break;
		result = etcd_call_round(etcd, path, body, repeat, etcd->attempt_ms, deadline_ms,
					 answer, header, reason);
		if (result != ETCD_REFUSED || !etcd_call_needs_token(etcd, header, reason))
			break;
		etcd_forget_token(etcd);
	}
	free(body);
	return result;
}
