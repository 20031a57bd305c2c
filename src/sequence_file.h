/*
 * sequence_file -- reads the file of tickrd sequence create --from. Main thread.
 *
 * A line has the name of a sequence. Options may follow, each after a tab: "start=1000", as in the query of the
 * control socket. Empty lines, and lines that begin with "#", are skipped.
 */
#ifndef TICKR_SEQUENCE_FILE_H
#define TICKR_SEQUENCE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "sequence_request.h"

struct sequence_line {
	size_t number; /* of the line, from 1 */
	bool is_bad;   /* its mistake was printed */
	struct sequence_request request;
};

/*
 * Read the file at PATH into *LINES, *COUNT of them, for free(). Each has the options of COMMON, unless it has its
 * own. Print each mistake on standard error, and mark its line. False: the file cannot be read, or names nothing.
 */
bool sequence_file_read(const char *path, const struct sequence_request *common,
			struct sequence_line **lines, size_t *count) MUST_CHECK;

#endif
