/* In a tickrd without libcurl: a client that sends nothing, and says why. */
#include <stdlib.h>

#include "remote/web.h"

bool
web_is_built(void)
{
	return false;
}

bool
web_begin(void)
{
	return true;
}

void
web_end(void)
{
}

struct web *
web_new(const struct web_settings *settings)
{
	(void)settings;
	return NULL;
}

void
web_free(struct web *web)
{
	(void)web;
}

enum web_result
web_send(struct web *web, const struct web_request *request, struct web_answer *answer,
	 struct text *reason)
{
	(void)web, (void)request, (void)answer;
	text_add(reason, WEB_NOT_BUILT);
	return WEB_NOT_SENT;
}

void
web_answer_free(struct web_answer *answer)
{
	(void)answer;
}

const char *
web_answer_header(const struct web_answer *answer, const char *name, size_t *len)
{
	(void)answer, (void)name, (void)len;
	return NULL;
}

bool
web_answer_date(const struct web_answer *answer, uint64_t *date_ms)
{
	(void)answer, (void)date_ms;
	return false;
}

const char *
web_endpoint(const struct web *web)
{
	(void)web;
	return "";
}

void
web_next_endpoint(struct web *web)
{
	(void)web;
}

struct web_stream *
web_stream_open(struct web *web, const struct web_request *request, web_receive_fn *receive,
		void *arg)
{
	(void)web, (void)request, (void)receive, (void)arg;
	return NULL;
}

bool
web_stream_is_open(const struct web_stream *stream, unsigned *status, struct text *reason)
{
	(void)stream;
	*status = 0;
	text_add(reason, WEB_NOT_BUILT);
	return false;
}

void
web_stream_close(struct web_stream *stream)
{
	(void)stream;
}

void
web_wait(struct web *web, uint64_t until_ms)
{
	(void)web, (void)until_ms;
}

void
web_wake(struct web *web)
{
	(void)web;
}

void
web_stop(struct web *web)
{
	(void)web;
}
