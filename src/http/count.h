/*
 * count -- reads what a request for several tickets says in its address. Pure; any thread.
 */
#ifndef TICKR_HTTP_COUNT_H
#define TICKR_HTTP_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/json.h"

/*
 * The N of /tickets/create/N: a decimal number from 1 to MOST. In the group format a whole
 * number from 0 down counts as 1: Tickr's Ruby client asks for 0 and less when its threads
 * race, and takes "first" whatever "count" says. On false PROBLEM says what is allowed.
 */
bool count_parse(const char *argument, enum batch_format format, uint32_t most, uint32_t *count,
		 struct text *problem) MUST_CHECK;

/*
 * The format that the QUERY part (NULL: none) asks for; untouched where it asks for none.
 * Other parameters are ignored. On false PROBLEM says what is allowed.
 */
bool count_parse_format(const char *query, enum batch_format *format,
			struct text *problem) MUST_CHECK;

#endif
