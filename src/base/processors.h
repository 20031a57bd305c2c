/*
 * processors -- counts the processors that this process may use.
 */
#ifndef TICKR_BASE_PROCESSORS_H
#define TICKR_BASE_PROCESSORS_H

#include "base/attributes.h"

/*
 * Return the number of processors that the affinity of the process and the quotas of its control groups
 * allow, at least 1. A part of a processor counts as one. PROC is the mount point of proc(5), /proc. The
 * function only reads files.
 */
unsigned processors_usable(const char *proc) MUST_CHECK;

#endif
