#include <assert.h>

#include "http/response.h"
#include "ticket/json.h"

static const struct {
	int code;
	const char *line; /* after the version */
} statuses[] = {
	{200, " 200 OK\r\n"},
	{400, " 400 Bad Request\r\n"},
	{401, " 401 Unauthorized\r\n"},
	{403, " 403 Forbidden\r\n"},
	{404, " 404 Not Found\r\n"},
	{405, " 405 Method Not Allowed\r\n"},
	{409, " 409 Conflict\r\n"},
	{410, " 410 Gone\r\n"},
	{413, " 413 Request Entity Too Large\r\n"},
	{417, " 417 Expectation Failed\r\n"},
	{429, " 429 Too Many Requests\r\n"},
	{507, " 507 Insufficient Storage\r\n"},
	{503, " 503 Service Unavailable\r\n"},
	{500, " 500 Internal Server Error\r\n"}, /* and any other */
};

/*
 * Every answer has these headers. A cache must not hand a ticket to a second client, nor keep the 404 of
 * a path that works later. A browser must not show JSON as a page (nosniff).
 */
static const char always[] = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";

static const char *
response_status_line(int code)
{
	size_t i = 0;

	while (i < ARRAY_LENGTH(statuses) - 1 && statuses[i].code != code)
		i++;
	assert(statuses[i].code == code);
	return statuses[i].line;
}

static const char *
response_date_now(struct response_date *date)
{
	time_t now = time(NULL);
	struct tm utc;

	if (now != date->second && gmtime_r(&now, &utc) != NULL) {
		strftime(date->text, sizeof(date->text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
		date->second = now;
	}
	return date->text;
}

static void
response_add_header(struct text *head, const char *name, const char *value)
{
	text_add(head, name);
	text_add(head, value);
	text_add_bytes(head, "\r\n", 2);
}

void
response_write_head(struct text *head, const struct response *response, struct response_date *date)
{
	char length[JSON_NUMBER_SIZE + 1];

	length[json_number(length, response->content_length)] = '\0';
	text_add(head, response->minor == 0 ? "HTTP/1.0" : "HTTP/1.1");
	text_add(head, response_status_line(response->code));
	response_add_header(head, "Content-Type: ", response->content_type);
	response_add_header(head, "Content-Length: ", length);
	text_add_bytes(head, always, sizeof(always) - 1);
	text_add(head, response->headers);
	if (response->request_id[0] != '\0')
		response_add_header(head, "X-Request-Id: ", response->request_id);
	if (response->connection != NULL)
		response_add_header(head, "Connection: ", response->connection);
	response_add_header(head, "Date: ", response_date_now(date));
	text_add_bytes(head, "\r\n", 2);
	assert(!head->is_truncated);
}
