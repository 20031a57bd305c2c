#include <criterion/criterion.h>
#include <string.h>
#include <sys/queue.h>

#include "http/guard.h"

#define MOST_HEADERS 4

/* Names and values in turn, as a client may send them. libevent's function for adding them is stricter. */
struct request {
	enum evhttp_cmd_type method;
	int minor;
	const char *headers[2 * MOST_HEADERS + 1];
};

static const char *
judge(const struct request *request, int major)
{
	struct evkeyvalq headers = TAILQ_HEAD_INITIALIZER(headers);
	struct evkeyval storage[MOST_HEADERS];

	for (size_t i = 0; request->headers[2 * i] != NULL; i++) {
		storage[i].key = (char *)request->headers[2 * i];
		storage[i].value = (char *)request->headers[2 * i + 1];
		TAILQ_INSERT_TAIL(&headers, &storage[i], next);
	}
	return guard_refuses(&headers, request->method, major, request->minor);
}

#define HOST "Host", "x"

Test(guard, sound_requests_are_accepted)
{
	static const struct request cases[] = {
		{EVHTTP_REQ_GET, 1, {HOST}},
		{EVHTTP_REQ_GET, 1, {"hOsT", ""}},
		{EVHTTP_REQ_GET, 0, {NULL}},
		{EVHTTP_REQ_GET, 0, {HOST}},
		{EVHTTP_REQ_HEAD, 1, {HOST}},
		{EVHTTP_REQ_HEAD, 1, {HOST, "Content-Length", "0"}},
		{EVHTTP_REQ_TRACE, 1, {HOST, "Content-Length", "000"}},
		{EVHTTP_REQ_GET, 1, {HOST, "Content-Length", "5"}},
		{EVHTTP_REQ_POST, 1, {HOST, "content-length", "0"}},
		{EVHTTP_REQ_POST, 0, {"Content-Length", "3"}},
		{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "9223372036854775807"}},
		{EVHTTP_REQ_POST, 1, {HOST, "Transfer-Encoding", "chunked"}},
		{EVHTTP_REQ_POST, 1, {HOST, "transfer-encoding", "Chunked"}},
		{EVHTTP_REQ_PUT, 1, {HOST, "Content-Length", "1"}},
		{EVHTTP_REQ_PATCH, 1, {HOST, "Content-Length", "1"}},
		{EVHTTP_REQ_DELETE, 1, {HOST, "Content-Length", "1"}},
		{EVHTTP_REQ_OPTIONS, 1, {HOST, "Content-Length", "1"}},
		{EVHTTP_REQ_GET, 1, {HOST, "X-Request-Id", "a b", "!#$%&'*+-.^_`|~09azAZ", "x"}},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *problem = judge(&cases[i], 1);

		cr_assert_null(problem, "case %zu: %s", i, problem);
	}
}

Test(guard, requests_that_two_readers_end_differently_are_refused)
{
	static const struct {
		struct request request;
		const char *problem; /* a part of it */
	} cases[] = {
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "3", "Content-Length", "3"}}, "one"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "3", "content-length", "4"}}, "one"},
		{{EVHTTP_REQ_POST,
		  1,
		  {HOST, "Content-Length", "0", "Transfer-Encoding", "chunked"}},
		 "one"},
		{{EVHTTP_REQ_POST,
		  1,
		  {HOST, "Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"}},
		 "one"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "+3"}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "-3"}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "3 "}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "0x3"}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "3, 3"}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", ""}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "9223372036854775808"}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length", "18446744073709551617"}}, "decimal"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Transfer-Encoding", "identity"}}, "chunked"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Transfer-Encoding", "gzip, chunked"}}, "chunked"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Transfer-Encoding", "xchunked"}}, "chunked"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Transfer-Encoding", ""}}, "chunked"},
		{{EVHTTP_REQ_POST, 0, {HOST, "Transfer-Encoding", "chunked"}}, "HTTP/1.0"},
		{{EVHTTP_REQ_GET, 1, {NULL}}, "Host"},
		{{EVHTTP_REQ_GET, 1, {"X-Host", "x"}}, "Host"},
		{{EVHTTP_REQ_GET, 1, {HOST, "host", "x"}}, "Host"},
		{{EVHTTP_REQ_GET, 0, {HOST, HOST}}, "Host"},
		{{EVHTTP_REQ_HEAD, 1, {HOST, "Content-Length", "1"}}, "body"},
		{{EVHTTP_REQ_HEAD, 1, {HOST, "Transfer-Encoding", "chunked"}}, "body"},
		{{EVHTTP_REQ_TRACE, 1, {HOST, "Content-Length", "1"}}, "body"},
		{{EVHTTP_REQ_CONNECT, 1, {HOST, "Content-Length", "1"}}, "body"},
		{{EVHTTP_REQ_GET, 1, {HOST, "", "x"}}, "name"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length ", "3"}}, "name"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content-Length\t", "3"}}, "name"},
		{{EVHTTP_REQ_POST, 1, {HOST, " Content-Length", "3"}}, "name"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Content\x0bLength", "3"}}, "name"},
		{{EVHTTP_REQ_POST, 1, {HOST, "Transfer-Encoding\xa0", "chunked"}}, "name"},
		{{EVHTTP_REQ_GET, 1, {HOST, "a(b)", "x"}}, "name"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *problem = judge(&cases[i].request, 1);

		cr_assert_not_null(problem, "case %zu", i);
		cr_assert_not_null(strstr(problem, cases[i].problem), "case %zu: %s", i, problem);
	}
}

Test(guard, versions_other_than_1_0_and_1_1_are_refused)
{
	static const struct {
		int major, minor;
		bool passes;
	} cases[] = {
		{1, 0, true},	{1, 1, true},  {0, 9, false}, {1, 2, false},  {2, 0, false},
		{1, -1, false}, {1, 9, false}, {0, 1, false}, {-1, 1, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct request request = {EVHTTP_REQ_GET, cases[i].minor, {HOST}};

		cr_assert_eq(judge(&request, cases[i].major) == NULL, cases[i].passes, "case %zu",
			     i);
	}
}
