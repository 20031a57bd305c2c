/*
 * DESIGN. Level 1: a third of the time of the default level, for a tenth more bytes.
 *
 * zlib asks for memory and gets it, or the process ends. So its calls fail only for bytes that are not gzip.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/write_all.h"
#include "events/gzip.h"

#define GZIP_WINDOW	  (MAX_WBITS + 16) /* 16: the header of gzip, not that of zlib */
#define GZIP_MEMORY_LEVEL 8
#define GZIP_PIECE	  65536
#define GZIP_LONGEST_LINE 65536

/* --- a member in memory -------------------------------------------------------------------------------- */

struct gzip_member {
	z_stream stream;
	unsigned char *packed;
	size_t size;
	bool has_bytes;
	bool is_ended; /* PACKED is of the member before */
};

struct gzip_member *
gzip_member_new(void)
{
	struct gzip_member *member = xcalloc(1, sizeof(*member));

	if (deflateInit2(&member->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	return member;
}

void
gzip_member_free(struct gzip_member *member)
{
	if (member == NULL)
		return;
	deflateEnd(&member->stream);
	free(member->packed);
	free(member);
}

/* Run deflate() with FLUSH until it has taken all input. */
static void
gzip_member_deflate(struct gzip_member *member, int flush)
{
	z_stream *stream = &member->stream;
	int result;

	do {
		size_t used = stream->total_out;

		if (member->size - used < GZIP_PIECE) {
			member->size = used + 4 * GZIP_PIECE;
			member->packed = xrealloc(member->packed, member->size);
		}
		stream->next_out = member->packed + used;
		stream->avail_out = (uInt)(member->size - used);
		result = deflate(stream, flush);
		assert(result != Z_STREAM_ERROR);
	} while (stream->avail_out == 0 || (flush == Z_FINISH && result != Z_STREAM_END));
}

void
gzip_member_add(struct gzip_member *member, const void *bytes, size_t len)
{
	if (member->is_ended) {
		deflateReset(&member->stream);
		member->is_ended = false;
	}
	member->stream.next_in = (unsigned char *)(uintptr_t)bytes;
	member->stream.avail_in = (uInt)len;
	member->has_bytes = member->has_bytes || len > 0;
	gzip_member_deflate(member, Z_NO_FLUSH);
}

size_t
gzip_member_len(const struct gzip_member *member)
{
	return member->is_ended ? 0 : member->stream.total_out;
}

const void *
gzip_member_end(struct gzip_member *member, size_t *len)
{
	*len = 0;
	if (member->has_bytes) {
		gzip_member_deflate(member, Z_FINISH);
		*len = member->stream.total_out;
	}
	member->has_bytes = false;
	member->is_ended = true;
	return member->packed;
}

/* --- files --------------------------------------------------------------------------------------------- */

/* Return the length of BYTES up to their last newline. */
static size_t
gzip_whole_lines(const char *bytes, size_t len)
{
	const char *newline = memrchr(bytes, '\n', len);

	return newline == NULL ? 0 : (size_t)(newline - bytes) + 1;
}

/* Pack what FROM holds into MEMBER, and write each megabyte as a member of its own. */
static bool
gzip_pack_lines(int from, int to, struct gzip_member *member, char *piece)
{
	const void *packed;
	size_t kept = 0, len;
	ssize_t got;

	while ((got = read(from, piece + kept, GZIP_PIECE)) != 0) {
		size_t whole;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		whole = gzip_whole_lines(piece, kept + (size_t)got);
		gzip_member_add(member, piece, whole);
		kept += (size_t)got - whole;
		if (kept > GZIP_LONGEST_LINE) {
			errno = EBADMSG;
			return false;
		}
		memmove(piece, piece + whole, kept);
		if (gzip_member_len(member) >= 16 * GZIP_PIECE) {
			packed = gzip_member_end(member, &len);
			if (!write_all(to, packed, len))
				return false;
		}
	}
	packed = gzip_member_end(member, &len);
	return write_all(to, packed, len);
}

bool
gzip_pack(int from, int to, struct text *problem)
{
	struct gzip_member *member = gzip_member_new();
	char *piece = xmalloc(GZIP_LONGEST_LINE + GZIP_PIECE);
	bool is_good = gzip_pack_lines(from, to, member, piece);

	if (!is_good)
		text_add(problem, strerror(errno));
	free(piece);
	gzip_member_free(member);
	return is_good;
}

/*
 * Move *AT past the rest of a member whose bytes are in STREAM, and set *WHOLE to the end of the member. Return
 * false if the bytes are not gzip.
 */
static bool
gzip_scan(z_stream *stream, uint64_t *at, uint64_t *whole)
{
	unsigned char out[GZIP_PIECE];

	while (stream->avail_in > 0) {
		uInt before = stream->avail_in;
		int result;

		stream->next_out = out;
		stream->avail_out = sizeof(out);
		result = inflate(stream, Z_NO_FLUSH);
		*at += before - stream->avail_in;
		if (result == Z_STREAM_END) {
			*whole = *at;
			inflateReset(stream);
		} else if (result != Z_OK && result != Z_BUF_ERROR) {
			return false;
		}
	}
	return true;
}

bool
gzip_whole_len(int fd, uint64_t *len, struct text *problem)
{
	unsigned char piece[GZIP_PIECE];
	z_stream stream = {0};
	uint64_t at = 0;
	ssize_t got;

	*len = 0;
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		abort();
	while ((got = pread(fd, piece, sizeof(piece), (off_t)at)) > 0) {
		stream.next_in = piece;
		stream.avail_in = (uInt)got;
		if (!gzip_scan(&stream, &at, len))
			break;
	}
	inflateEnd(&stream);
	if (got < 0)
		text_add(problem, strerror(errno));
	return got >= 0;
}

/* --- reading lines ------------------------------------------------------------------------------------- */

struct gzip_lines {
	bool is_packed;
	gzip_line_fn *take;
	void *arg;
	z_stream stream;
	char line[GZIP_LONGEST_LINE]; /* the begin of a line */
	size_t len;
};

struct gzip_lines *
gzip_lines_new(bool is_packed, gzip_line_fn *take, void *arg)
{
	struct gzip_lines *lines = xcalloc(1, sizeof(*lines));

	lines->is_packed = is_packed;
	lines->take = take;
	lines->arg = arg;
	if (is_packed && inflateInit2(&lines->stream, GZIP_WINDOW) != Z_OK)
		abort();
	return lines;
}

void
gzip_lines_free(struct gzip_lines *lines)
{
	if (lines->is_packed)
		inflateEnd(&lines->stream);
	free(lines);
}

static bool
gzip_lines_split(struct gzip_lines *lines, const char *bytes, size_t len, struct text *problem)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t piece = newline != NULL ? (size_t)(newline - bytes) : len;

		if (piece > sizeof(lines->line) - lines->len) {
			text_add(problem, "a line has more than 65536 bytes");
			return false;
		}
		memcpy(lines->line + lines->len, bytes, piece);
		lines->len += piece;
		if (newline == NULL)
			return true;
		if (!lines->take(lines->arg, lines->line, lines->len))
			return false;
		lines->len = 0;
		bytes += piece + 1;
		len -= piece + 1;
	}
	return true;
}

static bool
gzip_lines_unpack(struct gzip_lines *lines, const void *bytes, size_t len, struct text *problem)
{
	z_stream *stream = &lines->stream;
	unsigned char out[GZIP_PIECE];

	stream->next_in = (unsigned char *)(uintptr_t)bytes;
	stream->avail_in = (uInt)len;
	do {
		int result;

		stream->next_out = out;
		stream->avail_out = sizeof(out);
		result = inflate(stream, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
			text_add(problem, "the file is not gzip, or is damaged");
			return false;
		}
		if (!gzip_lines_split(lines, (char *)out, sizeof(out) - stream->avail_out, problem))
			return false;
		if (result == Z_STREAM_END)
			inflateReset(stream);
	} while (stream->avail_in > 0 || stream->avail_out == 0);
	return true;
}

bool
gzip_lines_add(struct gzip_lines *lines, const void *bytes, size_t len, struct text *problem)
{
	return lines->is_packed ? gzip_lines_unpack(lines, bytes, len, problem)
				: gzip_lines_split(lines, bytes, len, problem);
}
