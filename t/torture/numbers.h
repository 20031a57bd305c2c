/*
 * numbers -- a run in numbers, on one line: how much was asked and given, and the longest outage.
 */
#ifndef TORTURE_NUMBERS_H
#define TORTURE_NUMBERS_H

#include "run.h"

/* A comment of TAP: "# numbers:" and name=value for each. */
void numbers_print(const struct run *run);

#endif
