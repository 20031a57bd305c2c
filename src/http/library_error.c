#include <stdio.h>

#include "http/library_error.h"
#include "metrics/metrics.h"
#include "ticket/json.h"

#define QUOTE(number) #number
#define WORDS(number) QUOTE(number)

/* Bad chunks are too large to the library, and headers that are too large are bad. */
static const struct library_error {
	int code;
	const char *explanation;
} errors[] = {
	{413,
	 "the body is larger than " WORDS(MOST_BODY_BYTES) " bytes, or its chunks are not sound"},
	{417, "this server meets no expectation but 100-continue"},
	/* and whatever else: */
	{400, "the request cannot be read as HTTP, or its line and headers are larger than " WORDS(
		      MOST_HEADER_BYTES) " bytes"},
};

int
library_error_code(struct evbuffer *output)
{
	char line[64] = "";
	int code = 0;

	evbuffer_copyout(output, line, sizeof(line) - 1);
	return sscanf(line, "HTTP/%*d.%*d %d", &code) == 1 && code >= 400 ? code : 0;
}

void
library_error_replace(struct evbuffer *output, int code, struct response_date *date)
{
	const struct library_error *error = errors;
	char head_memory[RESPONSE_HEAD_SIZE], body_memory[128];
	struct text head = TEXT_OVER(head_memory), body = TEXT_OVER(body_memory);
	struct response response = {
		.minor = 1,
		.content_type = "application/json",
		.headers = "",
		.request_id = "",
		.connection = "close",
	};

	while (error->code != code && error->code != 400)
		error++;
	json_add_error(&body, error->explanation);
	response.code = error->code;
	response.content_length = body.len;
	response_write_head(&head, &response, date);
	metrics_count_request(ROUTE_OTHER, error->code);
	evbuffer_drain(output, evbuffer_get_length(output));
	evbuffer_add(output, head_memory, head.len);
	evbuffer_add(output, body_memory, body.len);
}
