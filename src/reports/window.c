#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "reports/window.h"

#define DAY	 UINT64_C(86400)
#define LATENESS 10 /* seconds that the last events of a span may need to arrive */

uint64_t
window_parse_since(const char *text)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY}};
	size_t len = strlen(text);
	uint64_t number;

	for (size_t i = 0; len > 1 && i < ARRAY_LENGTH(units); i++) {
		if (text[len - 1] != units[i].letter)
			continue;
		if (!parse_number(text, len - 1, WINDOW_MOST_SINCE / units[i].seconds, &number))
			return 0;
		return number * units[i].seconds;
	}
	return 0;
}

static const char *
window_step_name(uint64_t step)
{
	return step == 60 ? "minute" : step == 3600 ? "hour" : step == DAY ? "day" : "span";
}

bool
window_make(struct window *window, uint64_t now, uint64_t since, uint64_t step, bool only_whole,
	    struct text *problem)
{
	*window = (struct window){.from = now - since, .to = now, .step = since};
	if (step == 0)
		return true;
	window->step = step;
	window->from -= window->from % step;
	if (only_whole) {
		window->to = now - LATENESS - (now - LATENESS) % step;
		window->from += window->from < now - since ? step : 0;
	}
	window->is_last_partial = !only_whole && now % step != 0;
	if (window->from >= window->to) {
		text_addf(problem, "--since has no whole %s that has ended: choose a longer time",
			  window_step_name(step));
		return false;
	}
	if ((window->to - window->from) / step > WINDOW_MOST_SPANS) {
		text_addf(problem,
			  "--since has more than %d rows of a %s: choose a shorter time, or "
			  "--by hour",
			  WINDOW_MOST_SPANS, window_step_name(step));
		return false;
	}
	return true;
}

void
window_write_time(char text[WINDOW_TIME_SIZE], uint64_t time, uint64_t step)
{
	time_t seconds = (time_t)time;
	struct tm parts;

	gmtime_r(&seconds, &parts);
	if (strftime(text, WINDOW_TIME_SIZE, step >= DAY ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S",
		     &parts) == 0)
		text[0] = '\0';
}

/* Return whether a row of ANSWER has TIME. Move *ROW to the first row that has it, or an earlier one. */
static bool
window_has(const struct answer *answer, size_t *row, const char *time)
{
	int order = -1;

	for (; *row < answer->rows; ++*row) {
		const char *cell = answer->cells[*row * answer->columns];

		order = cell != NULL ? strcmp(cell, time) : 1;
		if (order <= 0)
			break;
	}
	return *row < answer->rows && order == 0;
}

static void
window_add_gap(const struct window *window, uint64_t first, uint64_t last, struct text *notes)
{
	char from[WINDOW_TIME_SIZE], to[WINDOW_TIME_SIZE];
	uint64_t spans = (last - first) / window->step + 1;

	window_write_time(from, first, window->step);
	window_write_time(to, last, window->step);
	if (spans == 1)
		text_addf(notes, "no data for the %s %s\n", window_step_name(window->step), from);
	else
		text_addf(notes, "no data for %" PRIu64 " %ss, from %s to %s\n", spans,
			  window_step_name(window->step), from, to);
}

void
window_add_gaps(const struct window *window, const struct answer *answer, size_t most,
		struct text *notes)
{
	uint64_t spans = (window->to - window->from) / window->step;
	uint64_t last = 0; /* of the present run; 0: there is none */
	size_t row = 0, found = 0;

	/* From the last span to the first one; the 0th pass ends a run that reaches the first span. */
	for (uint64_t i = spans + 1; i-- > 0;) {
		uint64_t begin = window->from + (i - 1) * window->step;
		char time[WINDOW_TIME_SIZE];
		bool has_data = true;

		if (i > 0) {
			window_write_time(time, begin, window->step);
			has_data = window_has(answer, &row, time);
		}
		if (!has_data && last == 0)
			last = begin;
		if (!has_data || last == 0)
			continue;
		if (found++ < most)
			window_add_gap(window, begin + window->step, last, notes);
		last = 0;
	}
	if (found > most)
		text_addf(notes, "%zu earlier gaps are not shown\n", found - most);
}
