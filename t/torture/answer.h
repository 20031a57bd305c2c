/*
 * answer -- reads the tickets of one answer's body, in either format. Pure; any thread.
 */
#ifndef TORTURE_ANSWER_H
#define TORTURE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "ticket/range.h"

/* Called for each range of an answer; IS_WHOLE: it is all that the answer holds. */
typedef void range_fn(void *arg, struct ticket_range range, bool is_whole);

/*
 * Hand all tickets of the LEN bytes at BODY to TAKE, as one range, or as several where they are no
 * progression that rises. False when it is neither an array nor a group.
 */
bool answer_read(const char *body, size_t len, range_fn *take, void *arg);

#endif
