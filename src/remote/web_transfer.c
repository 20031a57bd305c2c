#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "remote/web_transfer.h"

#define MOST_HEADERS	    (16 * 1024) /* bytes of an answer's header lines that are kept */
#define KEEPALIVE_IDLE_S    20L
#define KEEPALIVE_BETWEEN_S 5L
#define MOST_IDLE_S	    30L /* a kept connection that was idle for longer is not used again */

/* --- what libcurl calls -------------------------------------------------------------------------- */

/* Append LEN bytes to the NUL-ended memory *BYTES. */
static void
web_transfer_append(char **bytes, size_t *held, size_t *room, const char *more, size_t len)
{
	if (*held + len + 1 > *room) {
		*room = 2 * (*held + len + 1);
		*bytes = xrealloc(*bytes, *room);
	}
	memcpy(*bytes + *held, more, len);
	*held += len;
	(*bytes)[*held] = '\0';
}

static size_t
web_transfer_on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct web_transfer *transfer = arg;
	size_t len = size * count;

	if (transfer->receive != NULL) {
		transfer->is_received = true;
		transfer->is_enough = !transfer->receive(transfer->arg, bytes, len);
		return transfer->is_enough ? 0 : len;
	}
	if (len > transfer->most_answer - transfer->body_len) {
		transfer->is_too_large = true;
		return 0;
	}
	web_transfer_append(&transfer->body, &transfer->body_len, &transfer->body_room, bytes, len);
	return len;
}

/* A status line begins another header: that of "100 Continue", or of the request's repeat, came before. */
static size_t
web_transfer_on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct web_transfer *transfer = arg;
	size_t len = size * count;

	if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		transfer->answer_headers_len = 0;
	if (len <= MOST_HEADERS - transfer->answer_headers_len)
		web_transfer_append(&transfer->answer_headers, &transfer->answer_headers_len,
				    &transfer->answer_headers_room, bytes, len);
	return len;
}

/* libcurl calls it after bytes of the request were written to the socket. */
static int
web_transfer_on_debug(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
	struct web_transfer *transfer = arg;

	(void)easy;
	(void)bytes;
	if (len > 0 && (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT))
		transfer->is_sent = true;
	return 0;
}

static size_t
web_transfer_read_file(char *bytes, size_t size, size_t count, void *arg)
{
	struct web_transfer *transfer = arg;
	uint64_t left = transfer->file->len - transfer->file_at;
	size_t room = size * count;
	ssize_t len;

	if (left == 0)
		return 0;
	do
		len = pread(transfer->file->fd, bytes, room < left ? room : left,
			    (off_t)transfer->file_at);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		return CURL_READFUNC_ABORT;
	transfer->file_at += (uint64_t)len;
	return (size_t)len;
}

/* libcurl repeats the request from the file's first byte. */
static int
web_transfer_seek_file(void *arg, curl_off_t offset, int origin)
{
	struct web_transfer *transfer = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->file->len)
		return CURL_SEEKFUNC_CANTSEEK;
	transfer->file_at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- the request --------------------------------------------------------------------------------- */

#define web_transfer_set(transfer, option, value)                                      \
	do {                                                                           \
		CURLcode code = curl_easy_setopt((transfer)->easy, (option), (value)); \
		assert(code == CURLE_OK);                                              \
		(void)code;                                                            \
	} while (false)

static void
web_transfer_add_header(struct web_transfer *transfer, const char *line)
{
	struct curl_slist *more = curl_slist_append(transfer->headers, line);

	assert(more != NULL);
	transfer->headers = more;
}

/* Add the headers, and remove those that libcurl would add by itself. */
static void
web_transfer_set_headers(struct web_transfer *transfer, const struct web_request *request)
{
	bool has_type = false;

	for (const char *const *header = request->headers; header != NULL && *header != NULL;
	     header++) {
		web_transfer_add_header(transfer, *header);
		has_type |= strncasecmp(*header, "Content-Type:", 13) == 0;
	}
	web_transfer_add_header(transfer, "Expect:");
	if (!has_type)
		web_transfer_add_header(transfer, "Content-Type:");
	web_transfer_set(transfer, CURLOPT_HTTPHEADER, transfer->headers);
}

static void
web_transfer_set_body(struct web_transfer *transfer, const struct web_request *request)
{
	if (request->file != NULL) {
		transfer->file = request->file;
		web_transfer_set(transfer, CURLOPT_UPLOAD, 1L);
		web_transfer_set(transfer, CURLOPT_INFILESIZE_LARGE,
				 (curl_off_t)request->file->len);
		web_transfer_set(transfer, CURLOPT_READFUNCTION, web_transfer_read_file);
		web_transfer_set(transfer, CURLOPT_READDATA, transfer);
		web_transfer_set(transfer, CURLOPT_SEEKFUNCTION, web_transfer_seek_file);
		web_transfer_set(transfer, CURLOPT_SEEKDATA, transfer);
	} else if (request->body_len > 0 || strcmp(request->method, "POST") == 0 ||
		   strcmp(request->method, "PUT") == 0) {
		web_transfer_set(transfer, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)request->body_len);
		if (transfer->receive != NULL)
			web_transfer_set(transfer, CURLOPT_COPYPOSTFIELDS,
					 request->body_len > 0 ? request->body : "");
		else
			web_transfer_set(transfer, CURLOPT_POSTFIELDS,
					 request->body_len > 0 ? request->body : "");
	}
	if (strcmp(request->method, "HEAD") == 0)
		web_transfer_set(transfer, CURLOPT_NOBODY, 1L);
	else
		web_transfer_set(transfer, CURLOPT_CUSTOMREQUEST, request->method);
}

static void
web_transfer_set_time(struct web_transfer *transfer, const struct web_request *request)
{
	uint64_t now = clock_ms(), left = 0;
	uint64_t connect = request->connect_ms;

	if (request->deadline_ms > 0) {
		left = request->deadline_ms > now ? request->deadline_ms - now : 1;
		web_transfer_set(transfer, CURLOPT_TIMEOUT_MS, (long)left);
	}
	if (connect == 0 || (left > 0 && left < connect))
		connect = left;
	if (connect > 0)
		web_transfer_set(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
}

static void
web_transfer_set_tls(struct web_transfer *transfer, const struct web_settings *settings)
{
	web_transfer_set(transfer, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (settings->ca_file != NULL)
		web_transfer_set(transfer, CURLOPT_CAINFO, settings->ca_file);
	if (settings->cert_file != NULL)
		web_transfer_set(transfer, CURLOPT_SSLCERT, settings->cert_file);
	if (settings->key_file != NULL)
		web_transfer_set(transfer, CURLOPT_SSLKEY, settings->key_file);
}

static void
web_transfer_set_connection(struct web_transfer *transfer, bool is_alone)
{
	web_transfer_set(transfer, CURLOPT_NOSIGNAL, 1L);
	web_transfer_set(transfer, CURLOPT_PROXY, "");
	web_transfer_set(transfer, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	web_transfer_set(transfer, CURLOPT_PATH_AS_IS, 1L);
	web_transfer_set(transfer, CURLOPT_TCP_KEEPALIVE, 1L);
	web_transfer_set(transfer, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	web_transfer_set(transfer, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_BETWEEN_S);
	web_transfer_set(transfer, CURLOPT_MAXAGE_CONN, MOST_IDLE_S);
	if (is_alone) {
		web_transfer_set(transfer, CURLOPT_FRESH_CONNECT, 1L);
		web_transfer_set(transfer, CURLOPT_FORBID_REUSE, 1L);
	}
}

static void
web_transfer_set_url(struct web_transfer *transfer, const char *endpoint, const char *path)
{
	size_t size = strlen(endpoint) + strlen(path) + 1;
	char *url = xcalloc(1, size);
	struct text words = text_over(url, size);

	assert(path[0] == '/');
	text_add(&words, endpoint);
	text_add(&words, path);
	web_transfer_set(transfer, CURLOPT_URL, url);
	free(url);
}

void
web_transfer_prepare(struct web_transfer *transfer, const struct web_settings *settings,
		     const char *endpoint, const struct web_request *request)
{
	if (transfer->easy == NULL)
		transfer->easy = curl_easy_init();
	assert(transfer->easy != NULL);
	transfer->most_answer = request->most_answer;
	web_transfer_set_connection(transfer, request->is_alone);
	web_transfer_set_tls(transfer, settings);
	web_transfer_set_url(transfer, endpoint, request->path);
	web_transfer_set_body(transfer, request);
	web_transfer_set_headers(transfer, request);
	web_transfer_set_time(transfer, request);
	web_transfer_set(transfer, CURLOPT_ERRORBUFFER, transfer->error);
	web_transfer_set(transfer, CURLOPT_PRIVATE, transfer);
	web_transfer_set(transfer, CURLOPT_WRITEFUNCTION, web_transfer_on_body);
	web_transfer_set(transfer, CURLOPT_WRITEDATA, transfer);
	web_transfer_set(transfer, CURLOPT_HEADERFUNCTION, web_transfer_on_header);
	web_transfer_set(transfer, CURLOPT_HEADERDATA, transfer);
	web_transfer_set(transfer, CURLOPT_VERBOSE, 1L);
	web_transfer_set(transfer, CURLOPT_DEBUGFUNCTION, web_transfer_on_debug);
	web_transfer_set(transfer, CURLOPT_DEBUGDATA, transfer);
}

void
web_transfer_clear(struct web_transfer *transfer)
{
	CURL *easy = transfer->easy;

	if (easy != NULL)
		curl_easy_reset(easy);
	curl_slist_free_all(transfer->headers);
	free(transfer->body);
	free(transfer->answer_headers);
	*transfer = (struct web_transfer){.easy = easy};
}

void
web_transfer_destroy(struct web_transfer *transfer)
{
	web_transfer_clear(transfer);
	if (transfer->easy != NULL)
		curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
}

/* --- the answer ---------------------------------------------------------------------------------- */

enum web_result
web_transfer_result(const struct web_transfer *transfer)
{
	assert(transfer->is_ended);
	if (transfer->is_too_large)
		return WEB_TOO_LARGE;
	if (transfer->code == CURLE_OK)
		return WEB_ANSWERED;
	return transfer->is_sent ? WEB_UNKNOWN : WEB_NOT_SENT;
}
