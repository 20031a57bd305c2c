/*
 * durable -- opens a session, and refuses a database whose settings allow it to repeat an id.
 *
 * Call it in the thread that will use the session.
 */
#ifndef TICKR_STORE_DURABLE_H
#define TICKR_STORE_DURABLE_H

#include "store/store.h"

/*
 * Call open() of STORE. If SETTINGS->require_durable is set and warn() has warnings, close the session again
 * and return STORE_REFUSED; the warnings are the REASON.
 */
enum store_result durable_open(const struct store *store, const struct store_settings *settings,
			       struct store_session **session, struct text *reason) MUST_CHECK;

#endif
