/*
 * write_all -- writes all of a buffer to a file that blocks. Any thread.
 */
#ifndef TICKR_BASE_WRITE_ALL_H
#define TICKR_BASE_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* Write the LEN bytes at BYTES to FD. False, with errno: a part of them may be written. */
bool write_all(int fd, const void *bytes, size_t len) MUST_CHECK;

#endif
