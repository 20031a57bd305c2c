/*
 * sequence_name -- which bytes may be the name of a sequence. Pure; any thread.
 */
#ifndef TICKR_TICKET_SEQUENCE_NAME_H
#define TICKR_TICKET_SEQUENCE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"

#define SEQUENCE_NAME_MOST_ASKED 128 /* bytes of a name in a request over HTTP; stores take more */

/*
 * Whether the LEN bytes at NAME are a name: 1 .. MOST bytes of UTF-8 without control characters. MOST is at
 * most SEQUENCE_NAME_MOST. False: REASON says why not. Names are compared byte for byte, so two spellings of
 * one letter are two names.
 */
bool sequence_name_is_valid(const char *name, size_t len, size_t most,
			    struct text *reason) MUST_CHECK;

#endif
