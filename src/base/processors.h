/*
 * processors -- how many processors this process may use.
 */
#ifndef TICKR_BASE_PROCESSORS_H
#define TICKR_BASE_PROCESSORS_H

#include "base/attributes.h"

/*
 * Return the number of processors that the affinity of the process and the quotas of its control groups
 * allow, at least 1. A part of a processor counts as one. PROC is where proc(5) is mounted, /proc. Only
 * files are read.
 */
unsigned processors_usable(const char *proc) MUST_CHECK;

#endif
