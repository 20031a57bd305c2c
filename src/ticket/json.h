/*
 * json -- the few shapes of JSON in answers.
 *
 * Pure; any thread. The writers fill memory that the caller has made large enough. They return how many
 * bytes they wrote, and add no NUL.
 */
#ifndef TICKR_TICKET_JSON_H
#define TICKR_TICKET_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "ticket/range.h"
#include "ticket/space.h"

#define JSON_NUMBER_SIZE      20 /* digits of 2^64-1 */
#define JSON_BYTE_SIZE	      6	 /* of a byte in a string, at most: \u001f */
#define JSON_ERROR_SIZE(size) (sizeof("{\"error\":\"\"}") + JSON_BYTE_SIZE * (size))
#define JSON_GROUP_SIZE	      (sizeof("{\"first\":,\"increment\":,\"count\":}") + 3 * JSON_NUMBER_SIZE)

/* The forms of an answer with tickets: json_tickets() or json_group(). In the order of TICKR_BATCH_FORMAT. */
enum batch_format { BATCH_FORMAT_ARRAY, BATCH_FORMAT_GROUP };

size_t json_number(char *to, uint64_t number);

/* The most bytes of an array of COUNT tickets: brackets, and a number and a comma for each. */
size_t json_tickets_size(uint32_t count);
size_t json_tickets(char *to, const struct ticket_range *tickets);

/* The same, of BASES in SPACE. Return 0 if one of them has no ticket. */
size_t json_bases(char *to, const struct ticket_space *space, const struct ticket_range *bases);

/* The same, of COUNT numbers that are no progression. */
size_t json_numbers(char *to, const uint64_t *numbers, uint32_t count);

size_t json_group(char *to, const struct ticket_range *tickets);

/* Add STRING in quotes. Control characters become \u00XX, and bytes that are not UTF-8 become \ufffd. */
void json_add_string(struct text *text, const char *string);

/* Add {"error":MESSAGE}. JSON_ERROR_SIZE is enough for a message of SIZE bytes, with its NUL. */
void json_add_error(struct text *text, const char *message);

#endif
