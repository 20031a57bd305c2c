/*
 * durable -- opens a session, and refuses a database that may come to repeat an id.
 *
 * In the thread the session is for.
 */
#ifndef TICKR_STORE_DURABLE_H
#define TICKR_STORE_DURABLE_H

#include "store/store.h"

/*
 * As open() of STORE. With SETTINGS->require_durable whatever warn() would say is a refusal: its
 * lines are the REASON.
 */
enum store_result durable_open(const struct store *store, const struct store_settings *settings,
			       struct store_session **session, struct text *reason) MUST_CHECK;

#endif
