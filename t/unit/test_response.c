#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "http/response.h"

/* Return the head of RESPONSE without its date, which must be valid. */
static char *
head_of(struct response response, char *memory, size_t size)
{
	struct text head = text_over(memory, size);
	struct response_date date = {0};
	char *at;

	response_write_head(&head, &response, &date);
	at = strstr(memory, "Date: ");
	cr_assert_not_null(at);
	cr_assert_eq(strlen(date.text), strlen("Sun, 06 Nov 1994 08:49:37 GMT"));
	cr_assert_eq(strncmp(at + strlen("Date: "), date.text, strlen(date.text)), 0);
	memmove(at, at + strlen("Date: ") + strlen(date.text), strlen(at));
	return memory;
}

Test(response, a_head_has_the_headers_of_every_reply)
{
	char memory[RESPONSE_HEAD_SIZE];
	struct response response = {1, 200, "application/json", "", "", NULL, 12};

	cr_assert_str_eq(head_of(response, memory, sizeof(memory)),
			 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			 "Content-Length: 12\r\nCache-Control: no-store\r\n"
			 "X-Content-Type-Options: nosniff\r\n\r\n\r\n");
}

Test(response, a_head_has_the_optional_headers)
{
	char memory[RESPONSE_HEAD_SIZE];
	struct response response = {0, 503, "text/plain", "Retry-After: 1\r\n", "a", "keep-alive",
				    0};

	cr_assert_str_eq(head_of(response, memory, sizeof(memory)),
			 "HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
			 "Content-Length: 0\r\nCache-Control: no-store\r\n"
			 "X-Content-Type-Options: nosniff\r\nRetry-After: 1\r\nX-Request-Id: a\r\n"
			 "Connection: keep-alive\r\n\r\n\r\n");
}

Test(response, the_largest_head_fits)
{
	char memory[RESPONSE_HEAD_SIZE];
	char id[65];
	struct response response = {1,
				    500,
				    "text/plain; version=0.0.4",
				    "WWW-Authenticate: Basic realm=\"Restricted Area\"\r\n",
				    id,
				    "close",
				    SIZE_MAX};

	memset(id, 'x', 64);
	id[64] = '\0';
	cr_assert_not_null(
		strstr(head_of(response, memory, sizeof(memory)), "18446744073709551615"));
}

Test(response, the_date_is_made_once_a_second)
{
	char memory[RESPONSE_HEAD_SIZE];
	struct text head = TEXT_OVER(memory);
	struct response response = {1, 200, "application/json", "", "", NULL, 0};
	struct response_date date = {0};
	time_t second;

	do {
		second = time(NULL);
		text_clear(&head);
		response_write_head(&head, &response, &date);
		cr_assert_leq(second, date.second);
		date.text[0] = 'x'; /* stays until the second ends */
		text_clear(&head);
		response_write_head(&head, &response, &date);
	} while (time(NULL) != second);
	cr_assert_not_null(strstr(memory, "Date: x"));
}
