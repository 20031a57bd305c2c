#include <errno.h>
#include <event2/http.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/parse.h"
#include "sequence_remote.h"

#define TARGET_SIZE 4096 /* a name of 255 bytes, encoded, and all options */
#define HEAD_SIZE   4096 /* of an answer */

/* --- the request --------------------------------------------------------------------------------- */

static void
sequence_remote_add_name(struct text *target, const struct sequence_request *request)
{
	char *encoded = evhttp_uriencode(request->name, request->name_len, 0);

	if (encoded == NULL)
		abort();
	text_add(target, encoded);
	free(encoded);
}

static void
sequence_remote_add_target(struct text *target, const struct sequence_request *request)
{
	static const char *const words[] = {
		[SEQUENCE_CREATE] = "/create", [SEQUENCE_LIST] = "",
		[SEQUENCE_SHOW] = "",	       [SEQUENCE_ADVANCE] = "/advance",
		[SEQUENCE_RETIRE] = "/retire", [SEQUENCE_DECODE] = "/decode",
		[SEQUENCE_INSTANCES] = "",     [SEQUENCE_FOLD] = "/fold",
	};
	bool is_about_instances =
		request->task == SEQUENCE_INSTANCES || request->task == SEQUENCE_FOLD;

	text_add(target, is_about_instances ? "/instances" : "/sequences");
	if (request->task == SEQUENCE_LIST)
		text_add(target, "?after=");
	else if (request->task != SEQUENCE_INSTANCES)
		text_add(target, "/");
	sequence_remote_add_name(target, request);
	text_add(target, words[request->task]);
	if (request->task == SEQUENCE_CREATE)
		sequence_wish_add_query(&request->wish, target);
	else if (request->task == SEQUENCE_ADVANCE)
		text_addf(target, "?past=%" PRIu64, request->id);
	else if (request->task == SEQUENCE_DECODE)
		text_addf(target, "?id=%" PRIu64, request->id);
	if (request->store[0] != '\0')
		text_addf(target, "%cstore=%s",
			  memchr(target->start, '?', target->len) != NULL ? '&' : '?',
			  request->store);
}

static void
sequence_remote_add_request(struct text *text, const struct sequence_request *request)
{
	bool changes = !request->is_trial &&
		       (request->task == SEQUENCE_CREATE || request->task == SEQUENCE_ADVANCE ||
			request->task == SEQUENCE_RETIRE || request->task == SEQUENCE_FOLD);

	text_add(text, changes ? "POST " : "GET ");
	sequence_remote_add_target(text, request);
	text_add(text, " HTTP/1.1\r\nHost: tickrd\r\nConnection: close\r\n");
	text_add(text, changes ? "Content-Length: 0\r\n\r\n" : "\r\n");
}

/* --- the connection ------------------------------------------------------------------------------ */

/* Return a connected socket; -1 with errno. */
static int
sequence_remote_connect(const struct listen_address *address)
{
	const struct timeval limit = {.tv_sec = SEQUENCE_REMOTE_SECONDS};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), problem;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (const struct sockaddr *)&address->address, address->len) == 0)
		return fd;
	problem = errno;
	close(fd);
	errno = problem;
	return -1;
}

bool
sequence_remote_is_there(const struct listen_address *address, struct text *problem)
{
	int fd = sequence_remote_connect(address);

	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno != ENOENT && errno != ECONNREFUSED)
		text_addf(problem,
			  "cannot connect to the server at TICKR_CONTROL_SOCKET: %s. Run this as "
			  "root or as the server's user",
			  strerror(errno));
	return false;
}

/* Send TEXT and read the answer, which ends with the connection, into ANSWER. */
static bool
sequence_remote_exchange(const struct listen_address *address, const struct text *text,
			 struct evbuffer *answer)
{
	int fd = sequence_remote_connect(address), got = -1;
	size_t sent = 0;

	if (fd < 0)
		return false;
	errno = 0;
	while (sent < text->len) {
		ssize_t more = send(fd, text->start + sent, text->len - sent, MSG_NOSIGNAL);

		if (more <= 0)
			break;
		sent += (size_t)more;
	}
	while (sent == text->len && (got = evbuffer_read(answer, fd, -1)) > 0)
		;
	close(fd);
	return got == 0;
}

/* --- the answer ---------------------------------------------------------------------------------- */

/* Remove the head of BUFFER. False: the answer is not whole. */
static bool
sequence_remote_take_head(struct evbuffer *buffer, unsigned *code)
{
	struct evbuffer_ptr end = evbuffer_search(buffer, "\r\n\r\n", 4, NULL);
	char head[HEAD_SIZE], *length;
	uint64_t number;

	if (end.pos < 0 || end.pos + 4 >= (ev_ssize_t)sizeof(head))
		return false;
	evbuffer_remove(buffer, head, (size_t)end.pos + 4);
	head[end.pos + 4] = '\0';
	length = strcasestr(head, "\r\nContent-Length: ");
	if (sscanf(head, "HTTP/1.%*1[01] %3u ", code) != 1 || length == NULL)
		return false;
	length += strlen("\r\nContent-Length: ");
	return parse_number(length, strcspn(length, "\r"), SIZE_MAX, &number) &&
	       evbuffer_get_length(buffer) == number;
}

/* Add the text of {"error":"..."} to PROBLEM. */
static void
sequence_remote_read_error(struct evbuffer *body, struct text *problem)
{
	size_t len = evbuffer_get_length(body);
	char *json = xstrndup((const char *)evbuffer_pullup(body, -1), len);
	const char *c = strstr(json, "{\"error\":\"");

	if (c == NULL)
		text_add(problem, "the server's error cannot be read");
	for (c = c != NULL ? c + strlen("{\"error\":\"") : ""; *c != '\0' && *c != '"'; c++) {
		bool is_escaped = *c == '\\' && c[1] != '\0';

		c += is_escaped;
		if (is_escaped && *c == 'u' && strnlen(c, 5) == 5) { /* of a control character */
			text_add(problem, " ");
			c += 4;
		} else
			text_add_bytes(problem, c, 1);
	}
	free(json);
}

static enum sequence_outcome
sequence_remote_judge(struct evbuffer *body, unsigned code, struct evbuffer *out,
		      struct text *problem)
{
	if (code != 200) {
		sequence_remote_read_error(body, problem);
		return code == 400   ? SEQUENCE_WRONG
		       : code == 404 ? SEQUENCE_MISSING
		       : code == 409 ? SEQUENCE_REFUSED
				     : SEQUENCE_FAILED;
	}
	if (evbuffer_get_length(body) > 1) /* a line end alone: no lines */
		evbuffer_add_buffer(out, body);
	return SEQUENCE_DONE;
}

enum sequence_outcome
sequence_remote_run(const struct listen_address *address, const struct sequence_request *request,
		    struct evbuffer *out, struct text *problem)
{
	char memory[TARGET_SIZE];
	struct text text = TEXT_OVER(memory);
	struct evbuffer *answer = evbuffer_new();
	enum sequence_outcome outcome = SEQUENCE_FAILED;
	unsigned code;

	if (answer == NULL)
		abort();
	sequence_remote_add_request(&text, request);
	if (!sequence_remote_exchange(address, &text, answer))
		text_addf(problem,
			  "the connection to the server was lost: %s. Run the command again: a "
			  "change that was made is not repeated",
			  errno != 0 ? strerror(errno) : "no answer");
	else if (!sequence_remote_take_head(answer, &code))
		text_add(problem, "the server's answer is not whole: run the command again");
	else
		outcome = sequence_remote_judge(answer, code, out, problem);
	evbuffer_free(answer);
	return outcome;
}
