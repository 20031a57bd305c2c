/*
 * census -- reads the names of all sequences from the database after the start, a page at a time.
 *
 * The limit of their number counts the names that the directory knows, so it must know those of earlier runs too.
 * Meanwhile names are served: the front reads the row of a name that is not known. Main thread.
 */
#ifndef TICKR_CENSUS_H
#define TICKR_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "directory/directory.h"
#include "loop/mailbox.h"
#include "ticket/source.h"

struct census;

/* Begin to read the names from SOURCE into DIRECTORY. Both outlive the census, and so does MAILBOX, of this loop. */
struct census *census_new(struct directory *directory, const struct source *source,
			  struct mailbox *mailbox) MUST_CHECK;

/* Go on after a failure. Call it now and then, with clock_ms(). Return true if all names were read. */
bool census_go_on(struct census *census, uint64_t now_ms);

/* Ask for no more pages, since SOURCE stops. The page that is out may still arrive. */
void census_stop(struct census *census); /* NULL is allowed */

/* After SOURCE has stopped, and all mail was opened. */
void census_free(struct census *census); /* NULL is allowed */

#endif
