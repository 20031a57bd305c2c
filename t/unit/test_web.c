/* web against a small server: a thread that reads requests and writes scripted bytes. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "remote/web.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Two:  b \r\n"

/* Each request gets the next answer; after the last one, none. NULL: the server closes instead. */
struct server {
	int listener;
	char endpoint[64];
	const char *const *answers;
	size_t answers_count;
	pthread_t thread;
	atomic_bool is_ending;

	atomic_uint connections, requests;
	char seen[256 * 1024]; /* all requests */
	size_t seen_len;
};

static bool
server_is_whole(const char *bytes, size_t len)
{
	const char *end = memmem(bytes, len, "\r\n\r\n", 4);
	const char *length = strcasestr(bytes, "Content-Length: ");
	size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;

	return end != NULL && len - (size_t)(end + 4 - bytes) >= body;
}

/* Read a request to its end; false: the client is gone. */
static bool
server_read(struct server *server, int fd)
{
	size_t began = server->seen_len;

	for (;;) {
		struct pollfd wait = {fd, POLLIN, 0};
		ssize_t len;

		if (atomic_load(&server->is_ending))
			return false;
		if (poll(&wait, 1, 20) <= 0)
			continue;
		len = read(fd, server->seen + server->seen_len,
			   sizeof(server->seen) - 1 - server->seen_len);
		if (len <= 0)
			return false;
		server->seen_len += (size_t)len;
		if (server_is_whole(server->seen + began, server->seen_len - began))
			return true;
	}
}

static void
server_talk(struct server *server, int fd)
{
	while (server_read(server, fd)) {
		size_t at = atomic_fetch_add(&server->requests, 1);

		if (at >= server->answers_count)
			continue;
		if (server->answers[at] == NULL)
			return;
		cr_assert_gt(write(fd, server->answers[at], strlen(server->answers[at])), 0);
	}
}

static void *
server_run(void *arg)
{
	struct server *server = arg;

	while (!atomic_load(&server->is_ending)) {
		struct pollfd wait = {server->listener, POLLIN, 0};
		int fd;

		if (poll(&wait, 1, 20) <= 0)
			continue;
		fd = accept(server->listener, NULL, NULL);
		atomic_fetch_add(&server->connections, 1);
		server_talk(server, fd);
		close(fd);
	}
	return NULL;
}

static struct server *
server_start(const char *const *answers, size_t count)
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	server->answers = answers;
	server->answers_count = count;
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, len), 0);
	cr_assert_eq(listen(server->listener, 16), 0);
	cr_assert_eq(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
	snprintf(server->endpoint, sizeof(server->endpoint), "http://127.0.0.1:%u",
		 ntohs(address.sin_port));
	cr_assert_eq(pthread_create(&server->thread, NULL, server_run, server), 0);
	return server;
}

static void
server_stop(struct server *server)
{
	atomic_store(&server->is_ending, true);
	pthread_join(server->thread, NULL);
	close(server->listener);
	free(server);
}

#define BYTES(words) (words), sizeof(words) - 1

static bool
server_saw(const struct server *server, const char *bytes, size_t len)
{
	return memmem(server->seen, server->seen_len, bytes, len) != NULL;
}

/* An endpoint where nothing listens. */
static void
closed_endpoint(char endpoint[64])
{
	struct server *server = server_start(NULL, 0);

	snprintf(endpoint, 64, "%s", server->endpoint);
	server_stop(server);
}

static struct web *
client_of(const char *one, const char *two)
{
	const char *endpoints[] = {one, two};

	cr_assert(web_begin());
	return web_new(&(struct web_settings){.endpoints = endpoints,
					      .endpoints_count = two != NULL ? 2 : 1});
}

static struct web_request
get(const char *path, uint64_t ms)
{
	return (struct web_request){
		.method = "GET", .path = path, .deadline_ms = clock_ms() + ms, .most_answer = 1000};
}

static void
end(struct web *web)
{
	web_free(web);
	web_end();
}

#define ANSWERS(...)                                                          \
	const char *const answers[] = {__VA_ARGS__};                          \
	struct server *server = server_start(answers, ARRAY_LENGTH(answers)); \
	char words[WEB_REASON_SIZE];                                          \
	struct text reason = TEXT_OVER(words);                                \
	struct web_answer answer

Test(web, an_answer_has_status_headers_and_body)
{
	ANSWERS(OK_HEAD "Content-Length: 3\r\n\r\nabc", "HTTP/1.1 404 Not Found\r\n"
							"Content-Length: 0\r\n\r\n");
	struct web *web = client_of(server->endpoint, NULL);
	const char *const headers[] = {"X-One: a", "Content-Type: text/plain", NULL};
	struct web_request request = get("/a/../b=c%3D?d", 20000);
	uint64_t date_ms;
	size_t len;

	request.headers = headers;
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	cr_assert_eq(answer.status, 200);
	cr_assert_str_eq(answer.body, "abc");
	cr_assert_eq(strncmp(web_answer_header(&answer, "x-two", &len), "b \r", 3), 0);
	cr_assert_eq(len, 1);
	cr_assert_null(web_answer_header(&answer, "x-tw", &len));
	cr_assert(web_answer_date(&answer, &date_ms));
	cr_assert_eq(date_ms, 784111777000);
	web_answer_free(&answer);

	request = get("/", 20000);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	cr_assert_eq(answer.status, 404);
	cr_assert_str_eq(answer.body, "");
	cr_assert_not(web_answer_date(&answer, &date_ms));
	web_answer_free(&answer);
	cr_assert_eq(atomic_load(&server->connections), 1, "the connection is kept");
	end(web);
	cr_assert(server_saw(server, BYTES("GET /a/../b=c%3D?d HTTP/1.1\r\n")));
	cr_assert(server_saw(server, BYTES("X-One: a\r\nContent-Type: text/plain\r\n")));
	server_stop(server);
}

Test(web, a_body_is_posted_and_a_file_is_put)
{
	ANSWERS(OK_HEAD "Content-Length: 0\r\n\r\n", OK_HEAD "Content-Length: 0\r\n\r\n",
		OK_HEAD "Content-Length: 0\r\n\r\n");
	struct web *web = client_of(server->endpoint, NULL);
	struct web_request request = get("/post", 20000);
	FILE *stream = tmpfile();
	struct web_file file = {.fd = fileno(stream), .len = 7};

	request.method = "POST";
	request.body = "a\0b";
	request.body_len = 3;
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	web_answer_free(&answer);
	request.body_len = 0;
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	web_answer_free(&answer);

	fputs("content and more", stream);
	fflush(stream);
	request = get("/put", 20000);
	request.method = "PUT";
	request.file = &file;
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	web_answer_free(&answer);
	end(web);
	fclose(stream);
	cr_assert(server_saw(server, BYTES("Content-Length: 3\r\n\r\na\0bPOST /post")));
	cr_assert(server_saw(server, BYTES("Content-Length: 0\r\n\r\nPUT /put")));
	cr_assert(server_saw(server, BYTES("Content-Length: 7\r\n\r\ncontent")));
	cr_assert_not(server_saw(server, BYTES("Expect")));
	cr_assert_not(server_saw(server, BYTES("Content-Type")));
	server_stop(server);
}

Test(web, an_answer_is_limited)
{
	ANSWERS(OK_HEAD "Content-Length: 1001\r\n\r\n0123456789");
	struct web *web = client_of(server->endpoint, NULL);
	struct web_request request = get("/", 20000);

	request.most_answer = 9;
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_TOO_LARGE);
	cr_assert_not_null(strstr(words, "is longer than 9 bytes"), "%s", words);
	end(web);
	server_stop(server);
}

Test(web, a_deadline_holds_and_the_next_endpoint_is_used)
{
	const char *const silent[] = {""};
	struct server *deaf = server_start(silent, 0);
	char closed[64];
	ANSWERS(OK_HEAD "Content-Length: 0\r\n\r\n");
	struct web *web = client_of(deaf->endpoint, server->endpoint);
	struct web_request request = get("/", 100);
	uint64_t began = clock_ms();

	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_UNKNOWN);
	cr_assert_geq(clock_ms() - began, 99);
	cr_assert_not_null(strstr(words, deaf->endpoint), "%s", words);
	cr_assert_str_eq(web_endpoint(web), server->endpoint);
	request = get("/", 20000);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	cr_assert_str_eq(answer.endpoint, server->endpoint);
	web_answer_free(&answer);
	cr_assert_str_eq(web_endpoint(web), server->endpoint);
	end(web);

	closed_endpoint(closed);
	web = client_of(closed, server->endpoint);
	text_clear(&reason);
	request = get("/", 20000);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_NOT_SENT);
	cr_assert_not_null(strstr(words, "cannot reach http://127.0.0.1:"), "%s", words);
	cr_assert_str_eq(web_endpoint(web), server->endpoint);
	end(web);
	server_stop(server);
	server_stop(deaf);
}

Test(web, a_connection_that_closes_without_an_answer_is_unknown)
{
	ANSWERS(NULL, OK_HEAD "Content-Length: 10\r\n\r\nabc", NULL);
	struct web *web = client_of(server->endpoint, NULL);
	struct web_request request = get("/", 20000);

	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_UNKNOWN);
	request = get("/", 300);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_UNKNOWN, "half an answer");
	end(web);
	server_stop(server);
}

Test(web, libcurl_repeats_a_request_on_a_kept_connection_that_closes)
{
	ANSWERS(OK_HEAD "Content-Length: 0\r\n\r\n", NULL, OK_HEAD "Content-Length: 0\r\n\r\n");
	struct web *web = client_of(server->endpoint, NULL);
	struct web_request request = get("/", 20000);

	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
		web_answer_free(&answer);
	}
	cr_assert_eq(atomic_load(&server->requests), 3);
	end(web);
	server_stop(server);
}

Test(web, a_request_that_is_alone_has_its_own_connection)
{
	ANSWERS(OK_HEAD "Content-Length: 0\r\n\r\n");
	struct web *web = client_of(server->endpoint, NULL);
	struct web_request request = get("/", 20000);

	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	web_answer_free(&answer);

	/* The server reads the first connection until it is closed, so there is no answer on the second. */
	request = get("/", 200);
	request.is_alone = true;
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_UNKNOWN);
	end(web);
	while (atomic_load(&server->requests) < 2)
		sched_yield();
	cr_assert_eq(atomic_load(&server->connections), 2);
	server_stop(server);
}

/* --- streams ------------------------------------------------------------------------------------ */

static bool
collect(void *arg, const char *bytes, size_t len)
{
	struct text *got = arg;

	text_add_bytes(got, bytes, len);
	return strchr(got->start, '!') == NULL;
}

Test(web, a_stream_brings_bytes_while_requests_are_sent)
{
	const char *const lines[] = {
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n"};
	struct server *streaming = server_start(lines, 1);
	ANSWERS(OK_HEAD "Content-Length: 0\r\n\r\n");
	struct web *web = client_of(streaming->endpoint, server->endpoint);
	struct web_request request = get("/watch", 0);
	char got_words[100];
	struct text got = TEXT_OVER(got_words);
	struct web_stream *stream;
	unsigned status;

	request.deadline_ms = 0;
	stream = web_stream_open(web, &request, collect, &got);
	web_next_endpoint(web);
	request = get("/", 20000);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	web_answer_free(&answer);
	while (got.len == 0)
		web_wait(web, clock_ms() + 20000);
	cr_assert_str_eq(got_words, "one\n");
	cr_assert(web_stream_is_open(stream, &status, &reason));
	cr_assert_eq(status, 200);
	server_stop(streaming);
	while (web_stream_is_open(stream, &status, &reason))
		web_wait(web, clock_ms() + 20000);
	cr_assert_neq(reason.len, 0);
	web_stream_close(stream);
	end(web);
	server_stop(server);
}

Test(web, a_stream_ends_when_its_reader_has_enough)
{
	ANSWERS("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none!\r\n");
	struct web *web = client_of(server->endpoint, NULL);
	struct web_request request = get("/watch", 0);
	char got_words[100];
	struct text got = TEXT_OVER(got_words);
	struct web_stream *stream;
	unsigned status;

	(void)answer;
	request.deadline_ms = 0;
	stream = web_stream_open(web, &request, collect, &got);
	while (web_stream_is_open(stream, &status, &reason))
		web_wait(web, clock_ms() + 20000);
	web_stream_close(stream);
	end(web);
	server_stop(server);
}

/* --- other threads ------------------------------------------------------------------------------- */

struct call {
	struct web *web;
	void (*function)(struct web *web);
	struct server *server;
	unsigned requests; /* wait until the server has seen as many */
};

static void *
call_later(void *arg)
{
	struct call *call = arg;

	while (atomic_load(&call->server->requests) < call->requests)
		sched_yield();
	call->function(call->web);
	return NULL;
}

Test(web, a_wake_ends_a_wait_and_no_request)
{
	ANSWERS(OK_HEAD "Content-Length: 0\r\n\r\n");
	struct web *web = client_of(server->endpoint, NULL);
	struct call call = {web, web_wake, server, 0};
	struct web_request request = get("/", 20000);
	uint64_t began = clock_ms();
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, call_later, &call), 0);
	web_wait(web, clock_ms() + 60000);
	cr_assert_lt(clock_ms() - began, 60000);
	pthread_join(thread, NULL);

	web_wake(web);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_ANSWERED, "%s", words);
	web_answer_free(&answer);
	web_wait(web, clock_ms() + 60000);
	cr_assert_lt(clock_ms() - began, 60000);
	web_wait(web, clock_ms() + 10);
	end(web);
	server_stop(server);
}

Test(web, a_stop_ends_a_request)
{
	ANSWERS("");
	struct web *web = client_of(server->endpoint, NULL);
	struct call call = {web, web_stop, server, 1};
	struct web_request request = get("/", 60000);
	pthread_t thread;

	server->answers_count = 0;
	cr_assert_eq(pthread_create(&thread, NULL, call_later, &call), 0);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_STOPPED);
	cr_assert_eq(web_send(web, &request, &answer, &reason), WEB_STOPPED);
	pthread_join(thread, NULL);
	end(web);
	server_stop(server);
}

/* --- endpoints ----------------------------------------------------------------------------------- */

Test(web, endpoints_are_checked)
{
	static const struct {
		const char *endpoint;
		const char *mistake; /* NULL: none */
	} cases[] = {
		{"http://a", NULL},
		{"https://a.b:1", NULL},
		{"http://127.0.0.1:65535", NULL},
		{"http://[::1]", NULL},
		{"http://[::1]:2379", NULL},
		{"a:1", "begin"},
		{"ftp://a", "begin"},
		{"http://", "missing"},
		{"http://:1", "missing"},
		{"http://u:p@a", "password"},
		{"http://a/", "path"},
		{"http://a b", "path"},
		{"http://a:0", "port"},
		{"http://a:", "port"},
		{"http://a:65536", "port"},
		{"http://::1", "brackets"},
		{"http://[::1", "brackets"},
		{"http://[]:1", "brackets"},
		{"http://[::1]x", "brackets"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *mistake = web_endpoint_mistake(cases[i].endpoint);

		if (cases[i].mistake == NULL)
			cr_assert_null(mistake, "%s: %s", cases[i].endpoint, mistake);
		else
			cr_assert(mistake != NULL && strstr(mistake, cases[i].mistake) != NULL,
				  "%s: %s", cases[i].endpoint, mistake);
	}
}
