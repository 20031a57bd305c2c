#include "http/chunks.h"
#include "http/library_error.h"

static void
refuse(struct chunks *chunks, int code, const char *reason)
{
	chunks->code = code;
	chunks->reason = reason;
}

/* The value of a hexadecimal digit, or -1. */
static int
value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* No line holds a control character but the tab: a NUL or a LF ends it for some readers. */
static bool
is_text(char c)
{
	return ((unsigned char)c >= 0x20 && c != 0x7f) || c == '\t';
}

static void
add_digit(struct chunks *chunks, int value)
{
	chunks->has_digit = true;
	chunks->left = chunks->left * 16 + (size_t)value;
	if (chunks->left > MOST_BODY_BYTES - chunks->body)
		refuse(chunks, 413, NULL);
}

static void
take_size(struct chunks *chunks, char c)
{
	int value = chunks->state == CHUNKS_SIZE ? value_of(c) : -1;

	if (value >= 0)
		add_digit(chunks, value);
	else if (!chunks->has_digit)
		refuse(chunks, 400, "the size of a chunk must be hexadecimal digits");
	else if (c == '\r')
		chunks->state = CHUNKS_SIZE_LF;
	else if (c == ' ' || c == '\t')
		chunks->state = CHUNKS_BLANKS;
	else if (c == ';')
		chunks->state = CHUNKS_EXTENSION;
	else
		refuse(chunks, 400, "a semicolon or CR LF must follow the size of a chunk");
}

/* C must be EXPECTED; then STATE begins. */
static void
take_exactly(struct chunks *chunks, char c, char expected, enum chunks_state state)
{
	chunks->state = state;
	if (c != expected)
		refuse(chunks, 400, "CR LF must end each line and each chunk of a chunked body");
}

/* CR ends the line, and STATE begins. */
static void
take_text(struct chunks *chunks, char c, enum chunks_state state)
{
	if (c == '\r')
		chunks->state = state;
	else if (!is_text(c))
		refuse(chunks, 400, "a line of a chunked body holds a control character");
}

static void
begin_body(struct chunks *chunks)
{
	chunks->has_digit = false;
	chunks->body += chunks->left;
	if (chunks->left == 0)
		chunks->state = CHUNKS_TRAILERS;
}

static void
begin_trailer(struct chunks *chunks, char c)
{
	chunks->state = CHUNKS_TRAILER;
	if (c == '\r')
		chunks->state = CHUNKS_END_LF;
	else if (c == ' ' || !is_text(c) || c == '\t')
		refuse(chunks, 400, "a trailer of a chunked body must begin with its name");
}

/* C is no byte of a chunk. */
static void
take(struct chunks *chunks, char c)
{
	if (++chunks->lines > MOST_HEADER_BYTES) {
		refuse(chunks, 413, "the lines of a chunked body have more than 8192 bytes");
		return;
	}
	switch (chunks->state) {
	case CHUNKS_SIZE:
	case CHUNKS_BLANKS: take_size(chunks, c); break;
	case CHUNKS_EXTENSION: take_text(chunks, c, CHUNKS_SIZE_LF); break;
	case CHUNKS_SIZE_LF:
		take_exactly(chunks, c, '\n', CHUNKS_BODY);
		begin_body(chunks);
		break;
	case CHUNKS_BODY: break; /* chunks_scan() takes these */
	case CHUNKS_BODY_CR: take_exactly(chunks, c, '\r', CHUNKS_BODY_LF); break;
	case CHUNKS_BODY_LF: take_exactly(chunks, c, '\n', CHUNKS_SIZE); break;
	case CHUNKS_TRAILERS: begin_trailer(chunks, c); break;
	case CHUNKS_TRAILER: take_text(chunks, c, CHUNKS_TRAILER_LF); break;
	case CHUNKS_TRAILER_LF: take_exactly(chunks, c, '\n', CHUNKS_TRAILERS); break;
	case CHUNKS_END_LF:
		take_exactly(chunks, c, '\n', CHUNKS_END_LF);
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
			take(chunks, bytes[at++]);
			continue;
		}
		at += step;
		chunks->left -= step;
		if (chunks->left == 0)
			chunks->state = CHUNKS_BODY_CR;
	}
	return at;
}
