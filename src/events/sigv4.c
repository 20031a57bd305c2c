/*
 * DESIGN. The signature is the end of this chain (AWS, "Signature Version 4 signing process"):
 *
 *	canonical request: method, path, query, headers, names of the headers, hash of the body
 *	text to sign:	   algorithm, time, scope, hash of the canonical request
 *	key:		   HMAC of "AWS4" + secret with the date, then of that with the region, the service and
 *			   "aws4_request"
 *	signature:	   HMAC of the text with the key, in hexadecimal digits
 *
 * The canonical request goes into the hash piece by piece, so it has no largest size.
 */
#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "events/sigv4.h"

#define SIGV4_DIGEST_SIZE 32
#define SIGV4_DATE_LEN	  8 /* the day, at the start of a time */
#define SIGV4_ALGORITHM	  "AWS4-HMAC-SHA256"
#define SIGV4_SCOPE_SIZE  256

/* --- encoding --------------------------------------------------------------------------------------- */

static void
sigv4_add_encoded(struct text *text, const char *bytes, bool keeps_slashes)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-_.~";

	for (; *bytes != '\0'; bytes++)
		if (strchr(plain, *bytes) != NULL || (keeps_slashes && *bytes == '/'))
			text_add_bytes(text, bytes, 1);
		else
			text_addf(text, "%%%02X", (unsigned char)*bytes);
}

void
sigv4_add_path(struct text *text, const char *path)
{
	sigv4_add_encoded(text, path, true);
}

/* Compare the encoded bytes: a name may have letters that change their order when they are encoded. */
static int
sigv4_compare(const void *one, const void *other)
{
	const struct sigv4_pair *pairs[] = {one, other};
	char memories[2][1024];

	for (int i = 0; i < 2; i++) {
		struct text text = TEXT_OVER(memories[i]);

		sigv4_add_encoded(&text, pairs[i]->name, false);
		text_add(&text, "=");
		sigv4_add_encoded(&text, pairs[i]->value, false);
	}
	return strcmp(memories[0], memories[1]);
}

void
sigv4_add_query(struct text *text, struct sigv4_pair *pairs, size_t count)
{
	qsort(pairs, count, sizeof(*pairs), sigv4_compare);
	for (size_t i = 0; i < count; i++) {
		text_add(text, i > 0 ? "&" : "");
		sigv4_add_encoded(text, pairs[i].name, false);
		text_add(text, "=");
		sigv4_add_encoded(text, pairs[i].value, false);
	}
}

void
sigv4_time(char time[SIGV4_TIME_SIZE], time_t now)
{
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(time, SIGV4_TIME_SIZE, "%Y%m%dT%H%M%SZ", &utc);
}

/* --- hashes ----------------------------------------------------------------------------------------- */

static void
sigv4_add_hexadecimal(struct text *text, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text_addf(text, "%02x", bytes[i]);
}

void
sigv4_hash(const void *bytes, size_t size, char hash[SIGV4_HASH_SIZE])
{
	struct text text = text_over(hash, SIGV4_HASH_SIZE);
	unsigned char digest[SIGV4_DIGEST_SIZE];

	if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	sigv4_add_hexadecimal(&text, digest, sizeof(digest));
}

static void
sigv4_update(EVP_MD_CTX *context, const char *string)
{
	if (EVP_DigestUpdate(context, string, strlen(string)) != 1)
		abort();
}

static void
sigv4_update_names(EVP_MD_CTX *context, const struct sigv4_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		sigv4_update(context, i > 0 ? ";" : "");
		sigv4_update(context, request->headers[i].name);
	}
}

/* Hash the canonical request. */
static void
sigv4_hash_request(const struct sigv4_request *request, char hash[SIGV4_HASH_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct text text = text_over(hash, SIGV4_HASH_SIZE);
	unsigned char digest[SIGV4_DIGEST_SIZE];

	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		abort();
	sigv4_update(context, request->method);
	sigv4_update(context, "\n");
	sigv4_update(context, request->path);
	sigv4_update(context, "\n");
	sigv4_update(context, request->query);
	sigv4_update(context, "\n");
	for (size_t i = 0; i < request->header_count; i++) {
		sigv4_update(context, request->headers[i].name);
		sigv4_update(context, ":");
		sigv4_update(context, request->headers[i].value);
		sigv4_update(context, "\n");
	}
	sigv4_update(context, "\n");
	sigv4_update_names(context, request);
	sigv4_update(context, "\n");
	sigv4_update(context, request->payload_hash);
	if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(context);
	sigv4_add_hexadecimal(&text, digest, sizeof(digest));
}

/* Replace KEY, of SIZE bytes, by the HMAC of TEXT with it. */
static void
sigv4_hmac(unsigned char key[SIGV4_DIGEST_SIZE], size_t size, const char *text, size_t len)
{
	unsigned char next[SIGV4_DIGEST_SIZE];
	unsigned next_size = sizeof(next);

	if (HMAC(EVP_sha256(), key, (int)size, (const unsigned char *)text, len, next,
		 &next_size) == NULL)
		abort();
	memcpy(key, next, sizeof(next));
	explicit_bzero(next, sizeof(next));
}

/* Derive the key of the day, which signs. */
static void
sigv4_derive_key(const struct sigv4_credentials *credentials, const char *date,
		 unsigned char key[SIGV4_DIGEST_SIZE])
{
	static const char prefix[] = "AWS4";
	size_t secret_len = strlen(credentials->secret_key);
	size_t size = sizeof(prefix) - 1 + secret_len;
	char *secret = xcalloc(1, size + 1);
	unsigned key_size = SIGV4_DIGEST_SIZE;

	memcpy(secret, prefix, sizeof(prefix) - 1);
	memcpy(secret + sizeof(prefix) - 1, credentials->secret_key, secret_len);
	if (HMAC(EVP_sha256(), secret, (int)size, (const unsigned char *)date, SIGV4_DATE_LEN, key,
		 &key_size) == NULL)
		abort();
	xforget(secret);
	sigv4_hmac(key, SIGV4_DIGEST_SIZE, credentials->region, strlen(credentials->region));
	sigv4_hmac(key, SIGV4_DIGEST_SIZE, credentials->service, strlen(credentials->service));
	sigv4_hmac(key, SIGV4_DIGEST_SIZE, "aws4_request", strlen("aws4_request"));
}

void
sigv4_authorize(struct text *header, const struct sigv4_credentials *credentials,
		const struct sigv4_request *request)
{
	char scope_memory[SIGV4_SCOPE_SIZE], text_memory[SIGV4_SCOPE_SIZE + 128];
	struct text scope = TEXT_OVER(scope_memory);
	struct text text = TEXT_OVER(text_memory);
	unsigned char key[SIGV4_DIGEST_SIZE];
	char hash[SIGV4_HASH_SIZE];

	text_addf(&scope, "%.*s/%s/%s/aws4_request", SIGV4_DATE_LEN, request->time,
		  credentials->region, credentials->service);
	assert(!scope.is_truncated);
	sigv4_hash_request(request, hash);
	text_addf(&text, "%s\n%s\n%s\n%s", SIGV4_ALGORITHM, request->time, scope_memory, hash);
	sigv4_derive_key(credentials, request->time, key);
	sigv4_hmac(key, sizeof(key), text_memory, text.len);

	text_addf(header, "%s Credential=%s/%s, SignedHeaders=", SIGV4_ALGORITHM,
		  credentials->access_key, scope_memory);
	for (size_t i = 0; i < request->header_count; i++)
		text_addf(header, "%s%s", i > 0 ? ";" : "", request->headers[i].name);
	text_add(header, ", Signature=");
	sigv4_add_hexadecimal(header, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
}
