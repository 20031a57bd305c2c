/*
 * answer -- reads a table that ClickHouse sent as TabSeparatedWithNamesAndTypes. Pure; one thread.
 */
#ifndef TICKR_REPORTS_ANSWER_H
#define TICKR_REPORTS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

#define ANSWER_MOST_COLUMNS 32

struct answer {
	size_t columns, rows;
	char *names[ANSWER_MOST_COLUMNS];
	bool are_numbers[ANSWER_MOST_COLUMNS];
	char **cells; /* rows * columns; NULL: no value */
};

/*
 * Read the LEN bytes at BODY, which a NUL follows, into ANSWER, whose texts are in BODY: it is changed. False: BODY is
 * no such table. answer_free() is due in both cases.
 */
bool answer_read(struct answer *answer, char *body, size_t len) MUST_CHECK;
void answer_free(struct answer *answer);

#endif
