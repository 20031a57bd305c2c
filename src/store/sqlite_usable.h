/*
 * sqlite_usable -- whether a server may open a database file, before SQLite touches it.
 *
 * Any thread; used by the sqlite store's files only.
 */
#ifndef TICKR_STORE_SQLITE_USABLE_H
#define TICKR_STORE_SQLITE_USABLE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"

/*
 * Whether PATH can be written, has one name, and has its companions beside it, which can be written
 * too. A missing file is no fault if MAY_BE_MISSING. REASON says what was found and what to do.
 */
bool sqlite_usable(const char *path, bool may_be_missing, struct text *reason) MUST_CHECK;

#endif
