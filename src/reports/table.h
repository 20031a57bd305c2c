/*
 * table -- prints an answer as a table, as CSV or as JSON. Pure, except for its output; one thread.
 *
 * Texts of an answer come from clients, such as their User-Agent. In a table their control characters are escaped,
 * so that none reaches the terminal.
 */
#ifndef TICKR_REPORTS_TABLE_H
#define TICKR_REPORTS_TABLE_H

#include <stdio.h>

#include "reports/answer.h"

void table_print(const struct answer *answer, FILE *to);
void table_print_csv(const struct answer *answer, FILE *to);

/* Print an array that has an object for each row. */
void table_print_json(const struct answer *answer, FILE *to);

/* Print STRING as a string of JSON. */
void table_print_json_string(const char *string, FILE *to);

#endif
