#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "bigger_than.h"
#include "front/rewrite.h"
#include "sequence_wish.h"
#include "ticket/reservation.h"

/* Make a sequence that begins after NUMBER. Clients may use it in each order, so it is a weak one. */
static enum store_result
bigger_than_make(const struct store *store, struct store_session *session,
		 const struct rewritten *name, uint64_t number, struct text *reason)
{
	struct sequence_policy wanted = SEQUENCE_DEFAULT_POLICY;
	enum store_declared declared;
	enum store_result result;

	wanted.revision = (uint32_t)time(NULL);
	wanted.order = SEQUENCE_WEAK;
	wanted.start = number + 1;
	wanted.is_declared = true;
	result =
		store->declare(session, name->name, (uint8_t)name->len, &wanted, &declared, reason);
	if (result == STORE_OK && declared == STORE_DECLARED_DIFFERS)
		return STORE_BUSY; /* another server made it in this moment: read it again */
	return result;
}

static enum store_result
bigger_than_raise_key(const struct store *store, struct store_session *session,
		      const struct rewritten *name, uint64_t number, struct text *reason)
{
	struct store_listed listed = {.last = 0};
	bool is_found = false;
	enum store_result result =
		store->show(session, name->name, (uint8_t)name->len, &listed, &is_found, reason);

	if (result != STORE_OK)
		return result;
	if (!is_found)
		return bigger_than_make(store, session, name, number, reason);
	if (listed.policy.is_retired || listed.policy.most <= number) {
		text_add(reason, listed.policy.is_retired
					 ? "it is retired, so it has no next id"
					 : "its last id is not larger: raise its most");
		return STORE_REFUSED;
	}
	if (listed.last >= number || listed.policy.start > number)
		return STORE_OK;
	return store->jump(session, name->name, (uint8_t)name->len, number, &is_found, reason);
}

enum store_result
bigger_than_raise(const struct store *store, struct store_session *session,
		  const struct sequencer *sequencer, struct text *reason)
{
	struct ticket_space space = sequencer->settings.space;

	space.starting_offset = SEQUENCE_FIRST_ID;
	for (size_t i = 0; i < sequencer->bound_count; i++) {
		const struct sequencer_bound *bound = &sequencer->bounds[i];
		uint64_t number = sequence_wish_number(&space, bound->id);
		struct rewritten name;
		enum store_result result;
		char memory[REASON_SIZE];
		struct text why = TEXT_OVER(memory);

		if (!rewrite_key(sequencer->prefix, bound->key, strlen(bound->key), &name, reason))
			return STORE_REFUSED;
		if (number == 0)
			continue;
		result = bigger_than_raise_key(store, session, &name, number, &why);
		if (result == STORE_OK)
			continue;
		text_addf(reason, "the key %s cannot be bigger than %" PRIu64 ": %s", bound->key,
			  bound->id, memory);
		return result;
	}
	return STORE_OK;
}
