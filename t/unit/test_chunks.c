#include <criterion/criterion.h>
#include <string.h>

#include "http/chunks.h"
#include "http/library_error.h"

struct sample {
	const char *bytes;
	size_t len;
	int code; /* 0: sound */
};

#define SAMPLE(code, literal)                      \
	{                                          \
		literal, sizeof(literal) - 1, code \
	}

/* Scan in pieces of PIECE bytes. USED gets how many belong to the body. */
static struct chunks
scan(const struct sample *sample, size_t piece, size_t *used)
{
	struct chunks chunks = {0};

	*used = 0;
	for (size_t at = 0; at < sample->len; at += piece)
		*used += chunks_scan(&chunks, sample->bytes + at,
				     sample->len - at < piece ? sample->len - at : piece);
	return chunks;
}

Test(chunks, a_sound_body_is_read_to_its_end)
{
	static const struct sample cases[] = {
		SAMPLE(0, "0\r\n\r\n"),
		SAMPLE(0, "3\r\nabc\r\n0\r\n\r\n"),
		SAMPLE(0, "00003\r\nabc\r\n000\r\n\r\n"),
		SAMPLE(0, "a\r\n\r\n\r\n\0\r\n\r\n\0\r\n1\r\n0\r\n0\r\n\r\n"),
		SAMPLE(0, "3;a\r\nabc\r\n0;b=c;d=\"e;\\\"f\"\r\n\r\n"),
		SAMPLE(0, "3 \t; a = b\r\nabc\r\n0 \r\n\r\n"),
		SAMPLE(0, "0\r\nX-A: b\r\nX-C:\td\xff\r\n\r\n"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t piece = 1; piece < 64; piece += 9) {
			size_t used;
			struct chunks chunks = scan(&cases[i], piece, &used);

			cr_assert(chunks.is_complete, "case %zu", i);
			cr_assert_eq(chunks.code, 0, "case %zu: %s", i, chunks.reason);
			cr_assert_eq(used, cases[i].len, "case %zu", i);
		}
}

Test(chunks, bytes_after_the_end_are_not_read)
{
	static const struct sample sample = SAMPLE(0, "1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n");

	for (size_t piece = 1; piece < 64; piece += 9) {
		size_t used;

		cr_assert(scan(&sample, piece, &used).is_complete);
		cr_assert_eq(used, strlen("1\r\nx\r\n0\r\n\r\n"));
	}
}

Test(chunks, a_body_that_readers_parse_differently_is_refused)
{
	static const struct sample cases[] = {
		SAMPLE(400, "+3\r\nabc\r\n"),
		SAMPLE(400, "-0\r\n\r\n"),
		SAMPLE(400, "0x3\r\nabc\r\n"),
		SAMPLE(400, " 3\r\nabc\r\n"),
		SAMPLE(400, "\r\n0\r\n\r\n"),
		SAMPLE(400, ";a\r\n\r\n"),
		SAMPLE(400, "3 x\r\nabc\r\n"),
		SAMPLE(400, "3 3\r\nabc\r\n"),
		SAMPLE(400, "3,\r\nabc\r\n"),
		SAMPLE(400, "3\nabc\n0\n\n"),
		SAMPLE(400, "3\rabc\r\n"),
		SAMPLE(400, "3;a\nabc\r\n"),
		SAMPLE(400, "3;a\rb\r\nabc\r\n"),
		SAMPLE(400, "3;\0\r\nabc\r\n"),
		SAMPLE(400, "3\r\nabcd\r\n"),
		SAMPLE(400, "3\r\nabc\n0\r\n"),
		SAMPLE(400, "3\r\nab\r\n0\r\n\r\n"),
		SAMPLE(400, "0\0\r\n\r\n"),
		SAMPLE(400, "0\r\nX: a\n\r\n"),
		SAMPLE(400, "0\r\n X: a\r\n\r\n"),
		SAMPLE(400, "0\r\nX: a\r\n\tb\r\n\r\n"),
		SAMPLE(400, "0\r\nX: a\rb\r\n\r\n"),
		SAMPLE(400, "0\r\n\rX"),
		SAMPLE(413, "2001\r\n"),
		SAMPLE(413, "ffffffffffffffffffffffffffffffff\r\n"),
		SAMPLE(413, "1\r\na\r\n2000\r\n"),
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t piece = 1; piece < 64; piece += 9) {
			size_t used;
			struct chunks chunks = scan(&cases[i], piece, &used);

			cr_assert_not(chunks.is_complete, "case %zu", i);
			cr_assert_eq(chunks.code, cases[i].code, "case %zu: %d", i, chunks.code);
			cr_assert_leq(used, cases[i].len);
		}
}

/* The largest body is accepted, and no line is read for ever. */
Test(chunks, bodies_and_lines_have_limits)
{
	static const char *const endless[] = {"0", ";aaa", "0\r\nX: aaaa", "0\r\nX: a\r\n"};
	struct chunks chunks = {0};
	size_t taken;

	for (unsigned i = 0; i < MOST_BODY_BYTES / 16; i++)
		chunks_scan(&chunks, "10\r\n0123456789abcdef\r\n", 22);
	chunks_scan(&chunks, "0\r\n\r\n", 5);
	cr_assert(chunks.is_complete);

	for (size_t i = 0; i < ARRAY_LENGTH(endless); i++) {
		const char *repeated = i == 2 ? "a" : i == 3 ? "X: a\r\n" : i == 1 ? "a" : "0";

		memset(&chunks, 0, sizeof(chunks));
		chunks_scan(&chunks, "0", i == 1);
		taken = chunks_scan(&chunks, endless[i], strlen(endless[i]));
		while (chunks.code == 0 && taken < 1000000)
			taken += chunks_scan(&chunks, repeated, strlen(repeated));
		cr_assert_eq(chunks.code, 413, "case %zu: %d", i, chunks.code);
		cr_assert_not_null(chunks.reason);
		cr_assert_leq(taken, MOST_HEADER_BYTES + 1);
	}
}
