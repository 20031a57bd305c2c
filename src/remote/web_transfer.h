/*
 * web_transfer -- one request on its way through libcurl, and its answer as it arrives. Only web.c uses it, in the
 * thread of its client.
 */
#ifndef TICKR_REMOTE_WEB_TRANSFER_H
#define TICKR_REMOTE_WEB_TRANSFER_H

#include <curl/curl.h>

#include "remote/web.h"

struct web_transfer {
	CURL *easy;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE]; /* libcurl's words */

	const struct web_file *file;
	uint64_t file_at;
	size_t most_answer;

	web_receive_fn *receive; /* NULL: the body is kept */
	void *arg;

	char *body, *answer_headers;
	size_t body_len, body_room, answer_headers_len, answer_headers_room;

	bool is_sent;	  /* a byte of the request has left */
	bool is_received; /* since the last look: RECEIVE was called */
	bool is_too_large, is_enough;
	bool is_ended;
	CURLcode code; /* once it is ended */
};

/* Prepare a cleared TRANSFER for REQUEST to ENDPOINT. RECEIVE and ARG are set already. */
void web_transfer_prepare(struct web_transfer *transfer, const struct web_settings *settings,
			  const char *endpoint, const struct web_request *request);

/* Forget the request and the answer; the handle stays for the next one. */
void web_transfer_clear(struct web_transfer *transfer);
void web_transfer_destroy(struct web_transfer *transfer);

/* How the transfer, which has ended, went. Never WEB_STOPPED. */
enum web_result web_transfer_result(const struct web_transfer *transfer);

#endif
