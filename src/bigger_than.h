/*
 * bigger_than -- raises the keys of a store above the ids that its biggerThan names.
 *
 * In the thread of the session.
 */
#ifndef TICKR_BIGGER_THAN_H
#define TICKR_BIGGER_THAN_H

#include "config/sequencers.h"

/*
 * Move each key of SEQUENCER, so that its next id is larger than the id of its bound. A key that is past it stays. A
 * key that is not there is made. STORE_REFUSED: a key can never have such an id, for the REASON.
 */
enum store_result bigger_than_raise(const struct store *store, struct store_session *session,
				    const struct sequencer *sequencer,
				    struct text *reason) MUST_CHECK;

#endif
