#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "http/head.h"

struct sample {
	const char *bytes;
	size_t len;
};

#define SAMPLE(literal)                      \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

/* Scan in one piece, or byte by byte: the result must be the same. */
static struct head
scan(const struct sample *sample, size_t piece)
{
	struct head head = {0};

	for (size_t at = 0; at < sample->len; at += piece)
		head_scan(&head, sample->bytes + at,
			  sample->len - at < piece ? sample->len - at : piece);
	return head;
}

Test(head, sound_heads_are_accepted)
{
	static const struct sample cases[] = {
		SAMPLE("GET / HTTP/1.1\r\nHost: t\r\n\r\n"),
		SAMPLE("GET / HTTP/1.0\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\nHost: t\n\n"),
		SAMPLE("\r\n\nGET / HTTP/1.1\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\nHost:\tt \r\nX:\r\n\r\n"),
		SAMPLE("POST / HTTP/1.1\r\n\r\n\0 \r a body is not looked at\r\n x\r\n"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t piece = 1; piece < 64; piece += 9) {
			struct head head = scan(&cases[i], piece);

			cr_assert(head.is_complete, "case %zu", i);
			cr_assert_null(head.refusal, "case %zu: %s", i, head.refusal);
		}
}

Test(head, a_head_says_how_its_body_is_sent)
{
	static const struct {
		struct sample sample;
		bool is_chunked, is_head;
	} cases[] = {
		{SAMPLE("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), true, false},
		{SAMPLE("HEAD / HTTP/1.1\r\nA: b\r\nTRANSFER-encoding:x\r\nC: d\r\n\r\n"), true,
		 true},
		{SAMPLE("POST / HTTP/1.1\r\nX: Transfer-Encoding: chunked\r\n\r\n"), false, false},
		{SAMPLE("POST / HTTP/1.1\r\nXTransfer-Encoding: chunked\r\n\r\n"), false, false},
		{SAMPLE("POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n"), false, false},
		{SAMPLE("POST / HTTP/1.1\r\nTransfer-Encodings: chunked\r\n\r\n"), false, false},
		{SAMPLE("POST /transfer-encoding: HTTP/1.1\r\n\r\n"), false, false},
		{SAMPLE("HEADS / HTTP/1.1\r\n\r\n"), false, false},
		{SAMPLE("X HEAD HTTP/1.1\r\n\r\n"), false, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t piece = 1; piece < 64; piece += 9) {
			struct head head = scan(&cases[i].sample, piece);

			cr_assert(head.is_complete, "case %zu", i);
			cr_assert_eq(head.has_transfer_encoding, cases[i].is_chunked, "case %zu",
				     i);
			cr_assert_eq(head.is_head, cases[i].is_head, "case %zu", i);
		}
}

Test(head, more_than_a_hundred_headers_are_refused)
{
	for (unsigned headers = 99; headers < 103; headers++) {
		struct head head = {0};

		head_scan(&head, "GET / HTTP/1.1\r\n", 16);
		for (unsigned i = 0; i < headers; i++)
			head_scan(&head, "a:b\n", 4);
		cr_assert_eq(head.refusal != NULL, headers > 100, "%u headers", headers);
		head_scan(&head, "\r\n", 2);
		cr_assert(head.is_complete);
		cr_assert_eq(head.refusal != NULL, headers > 100, "%u headers", headers);
	}
}

Test(head, bytes_after_the_head_are_not_read)
{
	struct head head = {0};

	cr_assert_eq(head_scan(&head, "GET / HTTP/1.1\r\n\r\nGET /", 23), 18);
	cr_assert_eq(head_scan(&head, "GET /", 5), 0);
}

Test(head, faults_that_libevent_hides_are_refused)
{
	static const struct sample cases[] = {
		SAMPLE("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\n\tX: a\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\n \r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\nContent-Length: 0\0 4\r\n\r\n"),
		SAMPLE("GET /\0 HTTP/1.1\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\n\0\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\r\nX: a\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\nX: a\r\n\r\r\n\r\n"),
		SAMPLE("GET / HTTP/+1.1\r\n\r\n"),
		SAMPLE("GET / HTTP/1.01\r\n\r\n"),
		SAMPLE("GET / HTTP/01.1\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1 \r\n\r\n"),
		SAMPLE("GET / http/1.1\r\n\r\n"),
		SAMPLE("GET / HTTP/1.11\r\n\r\n"),
		SAMPLE("GET /\r\n\r\n"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t piece = 1; piece < 64; piece += 9) {
			struct head head = scan(&cases[i], piece);

			cr_assert(head.is_complete, "case %zu", i);
			cr_assert_not_null(head.refusal, "case %zu", i);
		}
}

Test(head, half_a_head_is_not_complete)
{
	static const struct sample cases[] = {
		SAMPLE(""),
		SAMPLE("\r\n\r\n"),
		SAMPLE("GET / HTTP/1.1\r\n"),
		SAMPLE("GET / HTTP/1.1\r\nHost: t\r\n\r"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct head head = scan(&cases[i], 64);

		cr_assert_not(head.is_complete, "case %zu", i);
		cr_assert_null(head.refusal, "case %zu: %s", i, head.refusal);
	}
}
