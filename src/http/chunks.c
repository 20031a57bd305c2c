#include "http/chunks.h"
#include "http/library_error.h"

static void
chunks_refuse(struct chunks *chunks, int code, const char *reason)
{
	chunks->code = code;
	chunks->reason = reason;
}

/* Return the value of a hexadecimal digit, or -1. */
static int
chunks_value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A line may hold no control character except the tab. For some readers a NUL or a LF ends the line. */
static bool
chunks_is_text(char c)
{
	return ((unsigned char)c >= 0x20 && c != 0x7f) || c == '\t';
}

static void
chunks_take_size(struct chunks *chunks, char c)
{
	int value = chunks->state == CHUNKS_SIZE ? chunks_value_of(c) : -1;

	if (value >= 0) {
		chunks->has_digit = true;
		chunks->left = chunks->left * 16 + (size_t)value;
		if (chunks->left > MOST_BODY_BYTES - chunks->body)
			chunks_refuse(chunks, 413, NULL);
	} else if (!chunks->has_digit) {
		chunks_refuse(chunks, 400, "the size of a chunk must be hexadecimal digits");
	} else if (c == '\r') {
		chunks->state = CHUNKS_SIZE_LF;
	} else if (c == ' ' || c == '\t') {
		chunks->state = CHUNKS_BLANKS;
	} else if (c == ';') {
		chunks->state = CHUNKS_EXTENSION;
	} else {
		chunks_refuse(chunks, 400, "a semicolon or CR LF must follow the size of a chunk");
	}
}

/* Refuse C unless it is EXPECTED. STATE follows. */
static void
chunks_take_exactly(struct chunks *chunks, char c, char expected, enum chunks_state state)
{
	chunks->state = state;
	if (c != expected)
		chunks_refuse(chunks, 400,
			      "CR LF must end each line and each chunk of a chunked body");
}

/* Read the rest of a line. STATE follows its CR. */
static void
chunks_take_text(struct chunks *chunks, char c, enum chunks_state state)
{
	if (c == '\r')
		chunks->state = state;
	else if (!chunks_is_text(c))
		chunks_refuse(chunks, 400, "a line of a chunked body holds a control character");
}

static void
chunks_begin_trailer(struct chunks *chunks, char c)
{
	chunks->state = CHUNKS_TRAILER;
	if (c == '\r')
		chunks->state = CHUNKS_END_LF;
	else if (c == ' ' || !chunks_is_text(c) || c == '\t')
		chunks_refuse(chunks, 400, "a trailer of a chunked body must begin with its name");
}

/* Read C, which is not a byte of a chunk. */
static void
chunks_take(struct chunks *chunks, char c)
{
	if (++chunks->lines > MOST_HEADER_BYTES) {
		chunks_refuse(chunks, 413, "the lines of a chunked body have more than 8192 bytes");
		return;
	}
	switch (chunks->state) {
	case CHUNKS_SIZE:
	case CHUNKS_BLANKS: chunks_take_size(chunks, c); break;
	case CHUNKS_EXTENSION: chunks_take_text(chunks, c, CHUNKS_SIZE_LF); break;
	case CHUNKS_SIZE_LF:
		chunks_take_exactly(chunks, c, '\n', CHUNKS_BODY);
		chunks->has_digit = false;
		chunks->body += chunks->left;
		if (chunks->left == 0)
			chunks->state = CHUNKS_TRAILERS;
		break;
	case CHUNKS_BODY: break; /* chunks_scan() reads these */
	case CHUNKS_BODY_CR: chunks_take_exactly(chunks, c, '\r', CHUNKS_BODY_LF); break;
	case CHUNKS_BODY_LF: chunks_take_exactly(chunks, c, '\n', CHUNKS_SIZE); break;
	case CHUNKS_TRAILERS: chunks_begin_trailer(chunks, c); break;
	case CHUNKS_TRAILER: chunks_take_text(chunks, c, CHUNKS_TRAILER_LF); break;
	case CHUNKS_TRAILER_LF: chunks_take_exactly(chunks, c, '\n', CHUNKS_TRAILERS); break;
	case CHUNKS_END_LF:
		chunks_take_exactly(chunks, c, '\n', CHUNKS_END_LF);
		chunks->is_complete = chunks->code == 0;
		break;
	}
}

size_t
chunks_scan(struct chunks *chunks, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && chunks->code == 0 && !chunks->is_complete) {
		size_t step = chunks->left < len - at ? chunks->left : len - at;

		if (chunks->state != CHUNKS_BODY) {
			chunks_take(chunks, bytes[at++]);
			continue;
		}
		at += step;
		chunks->left -= step;
		if (chunks->left == 0)
			chunks->state = CHUNKS_BODY_CR;
	}
	return at;
}
