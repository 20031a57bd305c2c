/*
 * tap -- prints in TAP which promises a hammer has kept.
 *
 * Main thread only, except for tap_complain().
 */
#ifndef TICKR_THREAD_TAP_H
#define TICKR_THREAD_TAP_H

#include <stdbool.h>

#include "base/attributes.h"

/* Print the line of PROMISE immediately, because a later promise may never end. */
void tap_report(bool is_good, const char *promise);

/* Print a fault to standard error. After some twenty times only count it. Any thread. */
void tap_complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* Return the number of these faults. */
unsigned tap_complaints(void);

/* Print the plan, after all reports. Return the exit status of the program. */
int tap_end(void) MUST_CHECK;

#endif
