#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "events/s3.h"
#include "events/sigv4.h"
#include "remote/web.h"

#define S3_TARGET_SIZE	4096
#define S3_HEADER_SIZE	2048
#define S3_MOST_ANSWER	(4u << 20) /* of a list or an error */
#define S3_MOST_OBJECT	(1u << 30) /* of a get */
#define S3_DEADLINE_MS	30000
#define S3_BYTES_PER_MS 256 /* the slowest upload that is waited for */
#define S3_MD5_SIZE	25  /* in base64, with a NUL */
#define S3_MOST_HEADERS 5

struct s3 {
	struct web *web;
	char *endpoint;	 /* "https://host:port" */
	char *authority; /* "host:port": the header Host */
	char *bucket;	 /* "/bucket" of the path, or "" if the host names it */
	char *prefix;	 /* "" or ends with a slash */
	char *region;
	char *access_key;
	char *secret_key;
};

/* --- the address ------------------------------------------------------------------------------------ */

/* The parts of an address, which point into it. */
struct s3_url {
	size_t endpoint_len;
	const char *authority;
	size_t authority_len;
	const char *path; /* after the slash; NULL: none */
};

static bool
s3_split_url(const char *url, struct s3_url *parts)
{
	const char *authority = strstr(url, "://");

	if (authority == NULL)
		return false;
	parts->authority = authority + 3;
	parts->authority_len = strcspn(parts->authority, "/");
	parts->endpoint_len = (size_t)(parts->authority - url) + parts->authority_len;
	parts->path = parts->authority[parts->authority_len] == '/'
			      ? parts->authority + parts->authority_len + 1
			      : NULL;
	return true;
}

/* "bucket.s3.eu-central-1.amazonaws.com": the host names the bucket. */
static bool
s3_is_virtual(const struct s3_url *parts)
{
	const char *dot = memchr(parts->authority, '.', parts->authority_len);

	return dot != NULL && (strncmp(dot, ".s3.", 4) == 0 || strncmp(dot, ".s3-", 4) == 0);
}

const char *
s3_url_mistake(const char *url)
{
	struct s3_url parts;
	const char *mistake;
	char *endpoint;

	if (!s3_split_url(url, &parts))
		return "it must begin with https:// or http://";
	endpoint = xstrndup(url, parts.endpoint_len);
	mistake = web_endpoint_mistake(endpoint);
	free(endpoint);
	if (mistake != NULL)
		return mistake;
	if (strpbrk(url, "?#") != NULL)
		return "it must have no query";
	if (parts.path != NULL && (parts.path[0] == '/' || strstr(parts.path, "//") != NULL))
		return "it must have no empty part in its path";
	if (!s3_is_virtual(&parts) && (parts.path == NULL || parts.path[0] == '\0'))
		return "it must name a bucket: https://host/bucket or https://bucket.s3.host";
	return NULL;
}

/* Split the path "bucket/prefix/". */
static void
s3_set_path(struct s3 *s3, const struct s3_url *parts)
{
	const char *path = parts->path != NULL ? parts->path : "";
	size_t bucket_len = s3_is_virtual(parts) ? 0 : strcspn(path, "/");
	const char *prefix = path + bucket_len;
	size_t prefix_len;

	s3->bucket = xcalloc(1, bucket_len + 2);
	if (bucket_len > 0) {
		s3->bucket[0] = '/';
		memcpy(s3->bucket + 1, path, bucket_len);
	}
	prefix += prefix[0] == '/';
	prefix_len = strlen(prefix);
	s3->prefix = xcalloc(1, prefix_len + 2);
	memcpy(s3->prefix, prefix, prefix_len);
	if (prefix_len > 0 && prefix[prefix_len - 1] != '/')
		s3->prefix[prefix_len] = '/';
}

struct s3 *
s3_new(const struct s3_settings *settings)
{
	struct s3 *s3 = xcalloc(1, sizeof(*s3));
	struct web_settings web = {.endpoints_count = 1, .ca_file = settings->ca_file};
	const char *endpoint;
	struct s3_url parts;

	if (!s3_split_url(settings->url, &parts))
		abort(); /* the caller has checked it */
	s3->endpoint = xstrndup(settings->url, parts.endpoint_len);
	s3->authority = xstrndup(parts.authority, parts.authority_len);
	s3_set_path(s3, &parts);
	s3->region = xstrdup(settings->region);
	s3->access_key = xstrdup(settings->access_key);
	s3->secret_key = xstrdup(settings->secret_key);
	endpoint = s3->endpoint;
	web.endpoints = &endpoint;
	s3->web = web_new(&web);
	return s3;
}

void
s3_free(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	web_free(s3->web);
	free(s3->endpoint);
	free(s3->authority);
	free(s3->bucket);
	free(s3->prefix);
	free(s3->region);
	free(s3->access_key);
	xforget(s3->secret_key);
	free(s3);
}

void
s3_stop(struct s3 *s3)
{
	web_stop(s3->web);
}

/* --- signed requests -------------------------------------------------------------------------------- */

/* One request: its path and query are encoded. */
struct s3_call {
	const char *method;
	const char *path;
	const char *query; /* "": none */
	const char *hash;
	const char *md5; /* NULL: none */
	const struct web_file *file;
	size_t most_answer;
	uint64_t deadline_ms;
};

static void
s3_authorize(const struct s3 *s3, const struct s3_call *call, const char *now, struct text *header)
{
	const struct sigv4_credentials credentials = {s3->access_key, s3->secret_key, s3->region,
						      "s3"};
	const struct sigv4_pair with_md5[] = {{"content-md5", call->md5},
					      {"host", s3->authority},
					      {"x-amz-content-sha256", call->hash},
					      {"x-amz-date", now}};
	struct sigv4_request request = {
		.method = call->method,
		.path = call->path,
		.query = call->query,
		.headers = with_md5,
		.header_count = ARRAY_LENGTH(with_md5),
		.payload_hash = call->hash,
		.time = now,
	};

	if (call->md5 == NULL) {
		request.headers++;
		request.header_count--;
	}
	text_add(header, "Authorization: ");
	sigv4_authorize(header, &credentials, &request);
}

static enum web_result
s3_send(struct s3 *s3, const struct s3_call *call, struct web_answer *answer, struct text *reason)
{
	char target_memory[S3_TARGET_SIZE], now[SIGV4_TIME_SIZE];
	char headers_memory[S3_MOST_HEADERS][S3_HEADER_SIZE];
	const char *headers[S3_MOST_HEADERS + 1] = {NULL};
	struct text target = TEXT_OVER(target_memory);
	struct web_request request = {
		.method = call->method,
		.path = target_memory,
		.headers = headers,
		.file = call->file,
		.deadline_ms = call->deadline_ms,
		.most_answer = call->most_answer,
	};
	size_t count = 0;

	sigv4_time(now, time(NULL));
	text_addf(&target, "%s%s%s", call->path, call->query[0] != '\0' ? "?" : "", call->query);
	for (; count < S3_MOST_HEADERS; count++) {
		struct text header = TEXT_OVER(headers_memory[count]);

		switch (count) {
		case 0: s3_authorize(s3, call, now, &header); break;
		case 1: text_addf(&header, "x-amz-date: %s", now); break;
		case 2: text_addf(&header, "x-amz-content-sha256: %s", call->hash); break;
		case 3: text_addf(&header, "Host: %s", s3->authority); break;
		default:
			text_addf(&header, "Content-MD5: %s", call->md5 != NULL ? call->md5 : "");
			break;
		}
		headers[count] = headers_memory[count];
	}
	if (call->md5 == NULL)
		headers[S3_MOST_HEADERS - 1] = NULL;
	return web_send(s3->web, &request, answer, reason);
}

/* Send CALL and read an answer that is not 2xx. False: FAILURE and REASON say why. True: release ANSWER. */
static bool
s3_run(struct s3 *s3, const struct s3_call *call, struct web_answer *answer,
       enum upload_failure *failure, struct text *reason)
{
	uint64_t date_ms;
	int64_t ahead_s;

	*failure = UPLOAD_FAILURE_UNREACHABLE;
	if (s3_send(s3, call, answer, reason) != WEB_ANSWERED)
		return false;
	if (answer->status / 100 == 2)
		return true;
	*failure = s3_answer_failure(answer->status, answer->body, answer->body_len, reason);
	if (*failure == UPLOAD_FAILURE_CLOCK && web_answer_date(answer, &date_ms)) {
		ahead_s = (int64_t)time(NULL) - (int64_t)(date_ms / 1000);
		text_addf(reason, "; the clock of this host is %" PRId64 " s %s that of the store",
			  ahead_s < 0 ? -ahead_s : ahead_s, ahead_s < 0 ? "behind" : "ahead of");
	}
	web_answer_free(answer);
	return false;
}

/* --- putting ---------------------------------------------------------------------------------------- */

static bool
s3_update(EVP_MD_CTX *sha256, EVP_MD_CTX *md5, int fd, uint64_t len)
{
	unsigned char piece[65536];
	uint64_t at = 0;

	while (at < len) {
		size_t wanted = len - at < sizeof(piece) ? (size_t)(len - at) : sizeof(piece);
		ssize_t got = pread(fd, piece, wanted, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (EVP_DigestUpdate(sha256, piece, (size_t)got) != 1 ||
		    EVP_DigestUpdate(md5, piece, (size_t)got) != 1)
			abort();
		at += (uint64_t)got;
	}
	return true;
}

/* Hash the LEN bytes of FD: SHA-256 in HASH, and MD5, which guards the way to the store, in base64. */
static bool
s3_hash_file(int fd, uint64_t len, char hash[SIGV4_HASH_SIZE], char md5[S3_MD5_SIZE])
{
	EVP_MD_CTX *contexts[2] = {EVP_MD_CTX_new(), EVP_MD_CTX_new()};
	unsigned char digests[2][EVP_MAX_MD_SIZE];
	struct text text = text_over(hash, SIGV4_HASH_SIZE);
	bool is_read;

	if (EVP_DigestInit_ex(contexts[0], EVP_sha256(), NULL) != 1 ||
	    EVP_DigestInit_ex(contexts[1], EVP_md5(), NULL) != 1)
		abort();
	is_read = s3_update(contexts[0], contexts[1], fd, len);
	for (int i = 0; i < 2; i++) {
		if (EVP_DigestFinal_ex(contexts[i], digests[i], NULL) != 1)
			abort();
		EVP_MD_CTX_free(contexts[i]);
	}
	for (size_t i = 0; i < (SIGV4_HASH_SIZE - 1) / 2; i++)
		text_addf(&text, "%02x", digests[0][i]);
	EVP_EncodeBlock((unsigned char *)md5, digests[1], 16);
	return is_read;
}

/*
 * The store compares the bytes with the two hashes of the request. The value of ETag proves nothing: of encrypted objects
 * it is no hash of the bytes. But each store sends one, and a page of a proxy has none.
 */
bool
s3_put(struct s3 *s3, const char *key, int fd, uint64_t len, enum upload_failure *failure,
       struct text *reason)
{
	char path_memory[S3_TARGET_SIZE], hash[SIGV4_HASH_SIZE], md5[S3_MD5_SIZE];
	struct text path = TEXT_OVER(path_memory);
	struct web_file file = {fd, len};
	struct web_answer answer;
	struct s3_call call = {
		.method = "PUT",
		.path = path_memory,
		.query = "",
		.hash = hash,
		.md5 = md5,
		.file = &file,
		.most_answer = S3_MOST_ANSWER,
		.deadline_ms = clock_ms() + S3_DEADLINE_MS + len / S3_BYTES_PER_MS,
	};
	size_t etag_len;
	bool is_stored;

	*failure = UPLOAD_FAILURE_OTHER;
	if (!s3_hash_file(fd, len, hash, md5)) {
		text_addf(reason, "the file cannot be read: %s", strerror(errno));
		return false;
	}
	text_add(&path, s3->bucket);
	text_add(&path, "/");
	sigv4_add_path(&path, s3->prefix);
	sigv4_add_path(&path, key);
	if (!s3_run(s3, &call, &answer, failure, reason))
		return false;
	is_stored = web_answer_header(&answer, "ETag", &etag_len) != NULL;
	web_answer_free(&answer);
	*failure = UPLOAD_FAILURE_OTHER;
	if (!is_stored)
		text_add(reason, "the answer has no ETag, so no object store sent it: check "
				 "TICKR_AUDIT_S3_URL, and proxies between the hosts");
	return is_stored;
}

/* --- reading ---------------------------------------------------------------------------------------- */

bool
s3_get(struct s3 *s3, const char *key, char **bytes, size_t *len, struct text *reason)
{
	char path_memory[S3_TARGET_SIZE], hash[SIGV4_HASH_SIZE];
	struct text path = TEXT_OVER(path_memory);
	enum upload_failure failure;
	struct web_answer answer;
	struct s3_call call = {
		.method = "GET",
		.path = path_memory,
		.query = "",
		.hash = hash,
		.most_answer = S3_MOST_OBJECT,
		.deadline_ms = clock_ms() + S3_DEADLINE_MS + S3_MOST_OBJECT / S3_BYTES_PER_MS,
	};

	sigv4_hash("", 0, hash);
	text_add(&path, s3->bucket);
	text_add(&path, "/");
	sigv4_add_path(&path, key);
	if (!s3_run(s3, &call, &answer, &failure, reason))
		return false;
	*len = answer.body_len;
	*bytes = xmalloc(answer.body_len + 1);
	memcpy(*bytes, answer.body, answer.body_len);
	web_answer_free(&answer);
	return true;
}

/* Read the page of a list that TOKEN names, "" is the first one. TOKEN gets that of the next one. */
static bool
s3_list_page(struct s3 *s3, const char *prefix, s3_key_fn *take, void *arg,
	     char token[S3_TOKEN_SIZE], struct text *reason)
{
	char path_memory[S3_TARGET_SIZE], query_memory[S3_TARGET_SIZE], hash[SIGV4_HASH_SIZE];
	char prefix_memory[S3_KEY_SIZE];
	struct text path = TEXT_OVER(path_memory), query = TEXT_OVER(query_memory);
	struct text whole_prefix = TEXT_OVER(prefix_memory);
	struct sigv4_pair pairs[] = {
		{"list-type", "2"}, {"prefix", prefix_memory}, {"continuation-token", token}};
	enum upload_failure failure;
	struct web_answer answer;
	struct s3_call call = {
		.method = "GET",
		.path = path_memory,
		.query = query_memory,
		.hash = hash,
		.most_answer = S3_MOST_ANSWER,
		.deadline_ms = clock_ms() + S3_DEADLINE_MS,
	};
	bool is_good;

	sigv4_hash("", 0, hash);
	text_addf(&path, "%s", s3->bucket[0] != '\0' ? s3->bucket : "/");
	text_addf(&whole_prefix, "%s%s", s3->prefix, prefix);
	sigv4_add_query(&query, pairs, token[0] != '\0' ? 3 : 2);
	if (!s3_run(s3, &call, &answer, &failure, reason))
		return false;
	is_good = s3_answer_list(answer.body, answer.body_len, take, arg, token, reason);
	web_answer_free(&answer);
	return is_good;
}

bool
s3_list(struct s3 *s3, const char *prefix, s3_key_fn *take, void *arg, struct text *reason)
{
	char token[S3_TOKEN_SIZE] = "";

	do {
		if (!s3_list_page(s3, prefix, take, arg, token, reason))
			return false;
	} while (token[0] != '\0');
	return true;
}
