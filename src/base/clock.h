/*
 * clock -- time that only goes forward, for deadlines and durations. Any thread.
 */
#ifndef TICKR_BASE_CLOCK_H
#define TICKR_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_ms(void); /* milliseconds since some moment before the process began */
uint64_t clock_us(void); /* the same in microseconds */

#endif
