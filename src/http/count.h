/*
 * count -- reads the number of tickets and their form from a request's target. Pure; any thread.
 */
#ifndef TICKR_HTTP_COUNT_H
#define TICKR_HTTP_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/json.h"

/*
 * Read the N of /tickets/create/N, LEN bytes at ARGUMENT: a decimal number from 1 to MOST. In the group
 * format a whole number of 0 or less counts as 1. Tickr's Ruby client asks for such numbers when its
 * threads race, and uses "first" without reading "count". Return false with the allowed values in PROBLEM. NOUN
 * is their name there, such as "tickets".
 */
bool count_parse(const char *argument, size_t len, enum batch_format format, uint32_t most,
		 const char *noun, uint32_t *count, struct text *problem) MUST_CHECK;

/*
 * Read the format from QUERY (NULL: none). Without one *FORMAT stays as it is. Other parameters are
 * ignored. Return false with the allowed values in PROBLEM.
 */
bool count_parse_format(const char *query, enum batch_format *format,
			struct text *problem) MUST_CHECK;

#endif
