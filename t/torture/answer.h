/*
 * answer -- parses the tickets in the body of an answer, in either format. Pure; any thread.
 */
#ifndef TORTURE_ANSWER_H
#define TORTURE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "ticket/range.h"

/* Receives each range of an answer. IS_WHOLE: the answer has no other range. */
typedef void range_fn(void *arg, struct ticket_range range, bool is_whole);

/*
 * Hand all tickets of the LEN bytes at BODY to TAKE: one range if they are a rising progression, else
 * several. Return false if BODY is neither an array nor a group.
 */
bool answer_read(const char *body, size_t len, range_fn *take, void *arg);

#endif
