/*
 * gzip -- packs audit lines as gzip, and reads them back. One thread at a time.
 *
 * A gzip file is a row of members, each complete in itself. If a server is killed, its file may end in the
 * middle of a member: gzip_whole_len() finds the end of the last whole one.
 */
#ifndef TICKR_EVENTS_GZIP_H
#define TICKR_EVENTS_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

/* --- a member in memory -------------------------------------------------------------------------------- */

struct gzip_member;

struct gzip_member *gzip_member_new(void) MUST_CHECK;
void gzip_member_free(struct gzip_member *member); /* NULL is allowed */

/* Pack LEN more BYTES. The first bytes after gzip_member_end() begin a new member. */
void gzip_member_add(struct gzip_member *member, const void *bytes, size_t len);

/* Return how many packed bytes the member has by now. A few bytes less may be in the file. */
size_t gzip_member_len(const struct gzip_member *member);

/* End the member, and return its *LEN bytes, which are valid until the next call. *LEN is 0 if nothing was added. */
const void *gzip_member_end(struct gzip_member *member, size_t *len);

/* --- files --------------------------------------------------------------------------------------------- */

/*
 * Pack the lines of the file FROM, up to its last whole line, and write them to the file TO. A failure to read or
 * write returns false, with PROBLEM.
 */
bool gzip_pack(int from, int to, struct text *problem) MUST_CHECK;

/* Set *LEN to the length of the whole members at the start of the file FD. False: it cannot be read. */
bool gzip_whole_len(int fd, uint64_t *len, struct text *problem) MUST_CHECK;

/* --- reading lines ------------------------------------------------------------------------------------- */

/* The bytes of an audit file arrive in pieces, packed or plain, and leave as lines. */
struct gzip_lines;

/* Take a line of LEN bytes, without its newline. Return false to take no more. */
typedef bool gzip_line_fn(void *arg, const char *line, size_t len);

struct gzip_lines *gzip_lines_new(bool is_packed, gzip_line_fn *take, void *arg) MUST_CHECK;
void gzip_lines_free(struct gzip_lines *lines);

/* Take LEN more BYTES. False: TAKE has returned false, or the bytes are not gzip (then PROBLEM is not empty). */
bool gzip_lines_add(struct gzip_lines *lines, const void *bytes, size_t len,
		    struct text *problem) MUST_CHECK;

#endif
