/*
 * tap -- what the hammers have in common: they say in TAP which of their promises are kept.
 *
 * The main thread's, but for tap_complain().
 */
#ifndef TICKR_THREAD_TAP_H
#define TICKR_THREAD_TAP_H

#include <stdbool.h>

#include "base/attributes.h"

/* A line for PROMISE; it is seen at once, since a later promise may never end. */
void tap_report(bool is_good, const char *promise);

/* Any thread. Say what is wrong on the standard error; after some twenty times only count it. */
void tap_complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* How often that was done. */
unsigned tap_complaints(void);

/* The plan, behind all reports. Returns the program's exit status. */
int tap_end(void) MUST_CHECK;

#endif
