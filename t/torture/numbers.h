/*
 * numbers -- prints a run in numbers, on one line: requests, tickets, and the longest outage.
 */
#ifndef TORTURE_NUMBERS_H
#define TORTURE_NUMBERS_H

#include "run.h"

/* Print a comment of TAP: "# numbers:" and a name=value for each number. */
void numbers_print(const struct run *run);

#endif
