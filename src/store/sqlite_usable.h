/*
 * sqlite_usable -- checks that a server may open a database file, before SQLite touches it.
 *
 * Any thread. For the files of the sqlite store only.
 */
#ifndef TICKR_STORE_SQLITE_USABLE_H
#define TICKR_STORE_SQLITE_USABLE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"

/*
 * Return whether the file PATH can be written and has one name, and so do its log and its index, in the same
 * folder. A missing file is no fault if MAY_BE_MISSING. REASON names the fault and the remedy.
 */
bool sqlite_usable(const char *path, bool may_be_missing, struct text *reason) MUST_CHECK;

#endif
