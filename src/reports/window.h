/*
 * window -- the span of time of a report, and the spans in it without data. Pure; any thread.
 *
 * Times are whole seconds since 1970, UTC.
 */
#ifndef TICKR_REPORTS_WINDOW_H
#define TICKR_REPORTS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "reports/answer.h"

#define WINDOW_TIME_SIZE  sizeof("2026-01-31 10:00:00")
#define WINDOW_MOST_SINCE (10 * 366 * UINT64_C(86400))
#define WINDOW_MOST_SPANS 1000000

struct window {
	uint64_t from, to; /* FROM belongs to it, TO does not */
	uint64_t
		step; /* seconds of a row; the whole window, if its rows have no span of their own */
	bool is_last_partial; /* the last span ends after TO */
};

/* Read TEXT, a whole number and s, m, h or d. Return its seconds, 1 to WINDOW_MOST_SINCE; 0: it is no such time. */
uint64_t window_parse_since(const char *text);

/*
 * Make the window of the last SINCE seconds before NOW, in spans of STEP seconds; 0: it is one span. The first span is
 * whole. Without the last span, if ONLY_WHOLE and it has not ended. False: PROBLEM says that no whole span is left, or
 * that there are more than WINDOW_MOST_SPANS.
 */
bool window_make(struct window *window, uint64_t now, uint64_t since, uint64_t step,
		 bool only_whole, struct text *problem) MUST_CHECK;

/* Write TIME as ClickHouse does: the date alone, if STEP is a day or more. */
void window_write_time(char text[WINDOW_TIME_SIZE], uint64_t time, uint64_t step);

/*
 * Add a line to NOTES for each run of whole spans of WINDOW that no row of ANSWER has. Its first column has the begin of
 * the span, and the rows are sorted from the last to the first. After MOST lines add the number of the others.
 */
void window_add_gaps(const struct window *window, const struct answer *answer, size_t most,
		     struct text *notes);

#endif
