/*
 * random -- random names and bytes, from the kernel. Any thread.
 */
#ifndef TICKR_BASE_RANDOM_H
#define TICKR_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

#define RANDOM_ID_LEN  32
#define RANDOM_ID_SIZE (RANDOM_ID_LEN + 1)

/*
 * Write 128 random bits into ID as 32 lower-case hexadecimal digits and a NUL. Return false, with errno and
 * an empty ID, if the kernel has no random numbers. May block while the machine boots.
 */
bool random_id(char id[RANDOM_ID_SIZE]) MUST_CHECK;

/* Fill SIZE bytes, at most 256. The same failure, and the same wait. */
bool random_bytes(void *bytes, size_t size) MUST_CHECK;

#endif
