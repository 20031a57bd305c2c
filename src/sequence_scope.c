#include <string.h>

#include "front/stores.h"
#include "sequence_scope.h"

static bool
sequence_scope_find_own(struct sequence_scope *scope, struct text *problem)
{
	const struct config *config = scope->config;

	if (config->store == NULL || config->store->sequences == NULL) {
		text_add(problem, "this store has no named sequences");
		return false;
	}
	scope->library = config->store;
	scope->store = config->store->sequences;
	scope->databases = config->databases;
	scope->count = config->database_count;
	scope->prefix = "";
	scope->is_exclusive = config->store->is_exclusive;
	return true;
}

static void
sequence_scope_take(struct sequence_scope *scope, const struct sequencer *sequencer)
{
	scope->sequencer = sequencer;
	scope->library = sequencer->type->store;
	scope->store = store_type_sequences(sequencer->type);
	scope->databases = &sequencer->settings;
	scope->count = 1;
	scope->prefix = sequencer->prefix;
	scope->is_exclusive = scope->library->is_exclusive || sequencer->type->forgets;
}

static void
sequence_scope_explain(const struct config *config, const char *name, struct text *problem)
{
	text_add(problem, "there is no store ");
	text_add_quoted(problem, name, FRONT_STORE_NAME_MOST);
	if (config->sequencer_count == 0) {
		text_add(problem, ": set TICKR_SEQUENCERS_FILE to the file that describes it");
		return;
	}
	text_add(problem, ": TICKR_SEQUENCERS_FILE has ");
	for (size_t i = 0; i < config->sequencer_count; i++)
		text_addf(problem, "%s%s", i > 0 ? ", " : "", config->sequencers[i].name);
}

bool
sequence_scope_find(struct sequence_scope *scope, const struct config *config, const char *name,
		    struct text *problem)
{
	*scope = (struct sequence_scope){.config = config};
	if (name[0] == '\0' || strcmp(name, FRONT_STORE_OWN) == 0)
		return sequence_scope_find_own(scope, problem);
	for (size_t i = 0; i < config->sequencer_count; i++) {
		if (strcmp(config->sequencers[i].name, name) != 0)
			continue;
		if (config->sequencers[i].type->is_generated) {
			text_addf(problem,
				  "the store %s issues Snowflake ids, so it has no sequences to "
				  "read or change",
				  name);
			return false;
		}
		sequence_scope_take(scope, &config->sequencers[i]);
		return true;
	}
	sequence_scope_explain(config, name, problem);
	return false;
}

bool
sequence_scope_forgets(const struct sequence_scope *scope)
{
	return scope->sequencer != NULL && scope->sequencer->type->forgets;
}
