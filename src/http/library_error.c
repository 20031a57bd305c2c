#include <stdio.h>

#include "base/log.h"
#include "http/library_error.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define REASON_SIZE   256
#define QUOTE(number) #number
#define WORDS(number) QUOTE(number)

/* libevent calls heads that are too large bad. */
static const struct {
	int code;
	const char *reason;
} meanings[] = {
	{413, "the body is larger than " WORDS(MOST_BODY_BYTES) " bytes"},
	{417, "this server meets no expectation but 100-continue"},
	/* and any other: */
	{400, "the request cannot be read as HTTP, or its line and headers are larger than " WORDS(
		      MOST_HEADER_BYTES) " bytes"},
};

int
library_error_code(struct evbuffer *output, size_t offset)
{
	struct evbuffer_ptr at;
	char line[64] = "";
	int code = 0;

	if (evbuffer_ptr_set(output, &at, offset, EVBUFFER_PTR_SET) != 0)
		return 0;
	evbuffer_copyout_from(output, &at, line, sizeof(line) - 1);
	return sscanf(line, "HTTP/%*d.%*d %d", &code) == 1 && code >= 400 ? code : 0;
}

/* Cut OUTPUT off after KEPT bytes. */
static void
keep_front(struct evbuffer *output, size_t kept)
{
	struct evbuffer *front = evbuffer_new();

	evbuffer_remove_buffer(output, front, kept);
	evbuffer_drain(output, evbuffer_get_length(output));
	evbuffer_add_buffer(output, front);
	evbuffer_free(front);
}

void
library_error_replace(struct evbuffer *output, size_t kept, const struct library_error *error,
		      struct response_date *date)
{
	char head_memory[RESPONSE_HEAD_SIZE], body_memory[JSON_ERROR_SIZE(REASON_SIZE)];
	struct text head = TEXT_OVER(head_memory), body = TEXT_OVER(body_memory);
	struct response response = {
		.minor = 1,
		.content_type = "application/json",
		.headers = "",
		.request_id = "",
		.connection = "close",
	};
	const char *reason = error->reason;
	size_t i = 0;

	while (meanings[i].code != error->code && meanings[i].code != 400)
		i++;
	if (reason == NULL)
		reason = meanings[i].reason;
	json_add_error(&body, reason);
	response.code = meanings[i].code;
	response.content_length = body.len;
	response_write_head(&head, &response, date);
	metrics_count_request(ROUTE_OTHER, response.code);
	log_debug("a request was refused", "code=%d reason=\"%s\"", response.code, reason);
	keep_front(output, kept);
	evbuffer_add(output, head_memory, head.len);
	if (!error->is_head)
		evbuffer_add(output, body_memory, body.len);
}
