/*
 * wording -- words the reasons of a store of TICKR_SEQUENCERS_FILE for its operator.
 *
 * The types mysql and sqlite serve the server's own databases too, so their reasons name variables and commands of
 * those. In a store of the file, the operator knows properties, and the commands take --store. Pure; any thread.
 */
#ifndef TICKR_STORE_WORDING_H
#define TICKR_STORE_WORDING_H

#include "store/types.h"

/* Add WORDS to TEXT, as the operator of the store NAME of TYPE knows them. NAME may be NULL: keep the commands. */
void wording_add(const struct store_type *type, const char *name, const char *words,
		 struct text *text);

/* As STORE's open(), with the reason in the words of the origin of SETTINGS. */
enum store_result wording_open(const struct store *store, const struct store_settings *settings,
			       struct store_session **session, struct text *reason) MUST_CHECK;

#endif
