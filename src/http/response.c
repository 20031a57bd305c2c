#include <assert.h>

#include "http/response.h"
#include "ticket/json.h"

static const struct {
	int code;
	const char *line; /* behind the version */
} statuses[] = {
	{200, " 200 OK\r\n"},
	{400, " 400 Bad Request\r\n"},
	{401, " 401 Unauthorized\r\n"},
	{404, " 404 Not Found\r\n"},
	{405, " 405 Method Not Allowed\r\n"},
	{413, " 413 Request Entity Too Large\r\n"},
	{417, " 417 Expectation Failed\r\n"},
	{503, " 503 Service Unavailable\r\n"},
	{500, " 500 Internal Server Error\r\n"}, /* and whatever else */
};

/*
 * In every answer. A cache that keeps a ticket, or the 404 of a path that works later, hands it to another
 * client. nosniff: a browser must not take JSON for a page.
 */
static const char always[] = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";

static const char *
status_line(int code)
{
	size_t i = 0;

	while (i < ARRAY_LENGTH(statuses) - 1 && statuses[i].code != code)
		i++;
	assert(statuses[i].code == code);
	return statuses[i].line;
}

static const char *
date_now(struct response_date *date)
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
add_header(struct text *head, const char *name, const char *value)
{
	text_add(head, name);
	text_add(head, value);
	text_add_bytes(head, "\r\n", 2);
}

static void
add_number(struct text *head, const char *name, size_t number)
{
	char digits[JSON_NUMBER_SIZE + 1];

	digits[json_number(digits, number)] = '\0';
	add_header(head, name, digits);
}

void
response_write_head(struct text *head, const struct response *response, struct response_date *date)
{
	text_add(head, response->minor == 0 ? "HTTP/1.0" : "HTTP/1.1");
	text_add(head, status_line(response->code));
	add_header(head, "Content-Type: ", response->content_type);
	add_number(head, "Content-Length: ", response->content_length);
	text_add_bytes(head, always, sizeof(always) - 1);
	text_add(head, response->headers);
	if (response->request_id[0] != '\0')
		add_header(head, "X-Request-Id: ", response->request_id);
	if (response->connection != NULL)
		add_header(head, "Connection: ", response->connection);
	add_header(head, "Date: ", date_now(date));
	text_add_bytes(head, "\r\n", 2);
	assert(!head->is_truncated);
}
