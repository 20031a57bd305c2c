#include "http/library_error.h"
#include "ticket/json.h"

#define REASON_SIZE   256
#define QUOTE(number) #number
#define WORDS(number) QUOTE(number)

/* libevent answers 400 to a head that is too large. */
static const struct {
	int code;
	const char *reason;
} meanings[] = {
	{413, "the body is larger than " WORDS(MOST_BODY_BYTES) " bytes"},
	{417, "this server supports no expectation except 100-continue"},
	/* and any other code: */
	{400, "the request cannot be read as HTTP, or its line and headers are larger than " WORDS(
		      MOST_HEADER_BYTES) " bytes"},
};

void
library_error_write(struct evbuffer *answer, struct library_error *error,
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
	size_t i = 0;

	while (meanings[i].code != error->code && meanings[i].code != 400)
		i++;
	error->code = meanings[i].code;
	if (error->reason == NULL)
		error->reason = meanings[i].reason;
	json_add_error(&body, error->reason);
	response.code = error->code;
	response.content_length = body.len;
	response_write_head(&head, &response, date);
	evbuffer_add(answer, head_memory, head.len);
	if (!error->is_head)
		evbuffer_add(answer, body_memory, body.len);
}
