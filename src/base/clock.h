/*
 * clock -- the monotonic clock, for deadlines and durations; and the time of day. Any thread.
 */
#ifndef TICKR_BASE_CLOCK_H
#define TICKR_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "base/attributes.h"

uint64_t clock_ms(void); /* milliseconds since a moment before the process began */
uint64_t clock_us(void); /* the same in microseconds */

/* Milliseconds since 1970, for records and messages. An operator may set this clock: compare no durations with it. */
uint64_t clock_utc_ms(void);

/* Initialise CONDITION to wait by this clock. Pass clock_moment() of a time of clock_ms() as the deadline. */
void clock_cond_init(pthread_cond_t *condition);
struct timespec clock_moment(uint64_t ms);

#endif
