#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/sequencer_properties.h"
#include "config/small_file.h"
#include "ticket/sequence_name.h"

#define MOST_NAME   64	/* bytes of a store's name; front/stores.h has the same */
#define MOST_PREFIX 127 /* as front/rewrite.h */
#define MOST_KEY    128
#define OWN_NAME    "tickr"

/* A store of this server's kind counts with its node. Stores that all nodes share have plain numbers. */
static void
sequencers_parse_store(struct sequencer_reader *reader)
{
	const struct config *config = reader->loader->config;
	struct store_settings *settings = &reader->sequencer->settings;

	settings->sequencer = reader->sequencer->name;
	settings->type = reader->sequencer->type;
	settings->connect_timeout_s = (unsigned)(config->connect_timeout_ms / 1000);
	settings->query_timeout_s = (unsigned)(config->query_timeout_ms / 1000);
	settings->require_durable = config->require_durable != 0;
	settings->space = (struct ticket_space){1, 0, 1};
	if (!reader->sequencer->type->is_shared && config->database_count > 0)
		settings->space = config->databases[0].space;
	sequencer_properties_parse(reader);
}

/* --- the name of a sequence ----------------------------------------------------------------------- */

static void
sequencers_make_prefix(struct sequencer_reader *reader)
{
	const char *app = reader->loader->config->sequencers_app_id;
	const json_t *given = json_object_get(reader->metadata, "keyPrefix");
	const char *strategy = json_is_string(given) ? json_string_value(given) : "appid";
	char memory[256];
	struct text prefix = TEXT_OVER(memory);

	if (given != NULL && !json_is_string(given))
		sequencer_complain(reader, "keyPrefix must be a string");
	text_add(&prefix, "sequencer|||");
	if (strcmp(strategy, "name") == 0)
		text_addf(&prefix, "%s||", reader->sequencer->name);
	else if (strcmp(strategy, "appid") != 0 && strcmp(strategy, "none") != 0)
		text_addf(&prefix, "%s||", strategy);
	else if (strcmp(strategy, "appid") == 0 && app[0] != '\0')
		text_addf(&prefix, "%s||", app);
	if (prefix.is_truncated || prefix.len > MOST_PREFIX || strstr(strategy, "||") != NULL)
		sequencer_complain(reader,
				   "keyPrefix must have at most 110 bytes, without ||; it may be "
				   "appid, name or none");
	reader->sequencer->prefix = xstrdup(memory);
}

/* --- biggerThan ------------------------------------------------------------------------------------ */

static void
sequencers_read_bounds(struct sequencer_reader *reader, const json_t *bounds)
{
	const char *key;
	json_t *value;

	if (bounds == NULL || json_is_null(bounds))
		return;
	if (!json_is_object(bounds)) {
		sequencer_complain(reader, "biggerThan must be an object of keys and numbers");
		return;
	}
	if (reader->sequencer->type->is_generated && json_object_size(bounds) > 0) {
		sequencer_complain(reader,
				   "biggerThan cannot raise Snowflake ids, which follow from "
				   "the time: remove it");
		return;
	}
	reader->sequencer->bounds =
		xcalloc(json_object_size(bounds) + 1, sizeof(*reader->sequencer->bounds));
	json_object_foreach((json_t *)bounds, key, value)
	{
		struct sequencer_bound *bound =
			&reader->sequencer->bounds[reader->sequencer->bound_count];
		char memory[256];
		struct text reason = TEXT_OVER(memory);

		if (!sequence_name_is_valid(key, strlen(key), MOST_KEY, &reason) ||
		    strstr(key, "||") != NULL) {
			sequencer_complain(reader,
					   "biggerThan: the key \"%.64s\" cannot be a key: %s", key,
					   reason.len > 0 ? memory : "it has ||");
			continue;
		}
		if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		    (uint64_t)json_integer_value(value) > SEQUENCE_MOST_JUMP) {
			sequencer_complain(reader,
					   "biggerThan: the number of %.64s must be whole, from 0 "
					   "to %" PRIu64,
					   key, (uint64_t)SEQUENCE_MOST_JUMP);
			continue;
		}
		bound->key = xstrdup(key);
		bound->id = (uint64_t)json_integer_value(value);
		reader->sequencer->bound_count++;
	}
}

/* --- one store ----------------------------------------------------------------------------------- */

static bool
sequencers_name_is_good(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	return name[0] != '\0' && name[0] != '.' && strlen(name) <= MOST_NAME &&
	       strspn(name, letters) == strlen(name) && strcmp(name, OWN_NAME) != 0;
}

/* Find the type of the store. False: there is none that could be used, which is reported. */
static bool
sequencers_find_type(struct sequencer_reader *reader, const json_t *value)
{
	const char *name = json_string_value(json_object_get(value, "type"));
	char memory[256];
	struct text types = TEXT_OVER(memory);

	store_types_list(&types);
	reader->sequencer->type = name != NULL ? store_type_find(name) : NULL;
	if (name == NULL)
		sequencer_complain(reader, "it has no type: add \"type\", one of %s", memory);
	else if (reader->sequencer->type == NULL)
		sequencer_complain(reader, "the type %.64s is not known: use one of %s", name,
				   memory);
	else if (reader->sequencer->type->store == NULL && !reader->sequencer->type->is_generated)
		sequencer_complain(reader,
				   "this tickrd was built without the type %s: remove the store, "
				   "or build tickrd with its library",
				   name);
	else if (reader->sequencer->type->forgets && !reader->loader->config->allow_forgetting)
		sequencer_complain(reader,
				   "the type %s issues every id again after a restart: use "
				   "another type, or for tests set TICKR_ALLOW_FORGETTING=1",
				   name);
	else
		return true;
	return false;
}

static void
sequencers_read_one(struct loader *loader, const char *name, const json_t *value)
{
	static const char *const parts[] = {"type", "biggerThan", "metadata"};
	struct sequencer *sequencer = &loader->config->sequencers[loader->config->sequencer_count];
	struct sequencer_reader reader = {.loader = loader,
					  .sequencer = sequencer,
					  .metadata = json_object_get(value, "metadata")};
	const char *part;
	json_t *ignored;

	*sequencer = (struct sequencer){.name = xstrdup(name)};
	if (!sequencers_name_is_good(name))
		sequencer_complain(&reader,
				   "a name has 1 to %d letters, digits and . _ -, and " OWN_NAME
				   " is the server's own store",
				   MOST_NAME);
	json_object_foreach((json_t *)value, part, ignored) if (strcmp(part, parts[0]) != 0 &&
								strcmp(part, parts[1]) != 0 &&
								strcmp(part, parts[2]) != 0)
		sequencer_warn(&reader,
			       "%.64s is ignored; did you mean type, biggerThan or metadata?",
			       part);
	if (!sequencers_find_type(&reader, value)) {
		free(sequencer->name);
		return;
	}
	sequencer_properties_read(&reader);
	sequencers_make_prefix(&reader);
	sequencers_read_bounds(&reader, json_object_get(value, "biggerThan"));
	if (sequencer->type->is_generated)
		loader->config->has_snowflakes = true;
	else
		sequencers_parse_store(&reader);
	sequencer_properties_forget(&reader);
	loader->config->sequencer_count++;
}

/* --- the file -------------------------------------------------------------------------------------- */

static void
sequencers_read_all(struct loader *loader, const json_t *root)
{
	const json_t *stores = json_object_get(root, "sequencer");
	const char *name;
	json_t *value;

	if (!json_is_object(stores) || json_object_size(stores) == 0 ||
	    json_object_size(stores) > MOST_SEQUENCERS) {
		text_addf(loader->problems,
			  "TICKR_SEQUENCERS_FILE: it must hold {\"sequencer\": {\"NAME\": "
			  "{\"type\": .., \"metadata\": {..}}}}, with 1 to %d stores\n",
			  MOST_SEQUENCERS);
		return;
	}
	json_object_foreach((json_t *)stores, name, value) sequencers_read_one(loader, name, value);
}

/* Snowflake ids need the folder too, unless a coordinator keeps their bounds. config_snowflake() checks that. */
static void
sequencers_check_state_dir(struct loader *loader)
{
	const struct config *config = loader->config;
	bool is_needed = false;

	for (size_t i = 0; i < config->sequencer_count; i++)
		is_needed = is_needed || !config->sequencers[i].type->is_generated;
	if (is_needed && config->state_dir[0] == '\0')
		text_add(loader->problems,
			 "TICKR_SEQUENCERS_FILE needs TICKR_STATE_DIR, so that an older copy of a "
			 "store is noticed: set it to a folder of this server\n");
}

void
sequencers_read(struct loader *loader)
{
	const char *path = loader->config->sequencers_file;
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	json_error_t error;
	char *content;
	json_t *root;
	size_t len;

	if (path[0] == '\0')
		return;
	if (strstr(loader->config->sequencers_app_id, "||") != NULL)
		loader_add_problem(loader, "TICKR_SEQUENCERS_APP_ID",
				   loader->config->sequencers_app_id);
	content = small_file_read(path, &len, &problem);
	if (content == NULL) {
		text_addf(loader->problems, "TICKR_SEQUENCERS_FILE=%s cannot be read: %s\n", path,
			  memory);
		return;
	}
	root = json_loadb(content, len, JSON_REJECT_DUPLICATES, &error);
	explicit_bzero(content, len);
	free(content);
	if (root == NULL)
		text_addf(loader->problems,
			  "TICKR_SEQUENCERS_FILE=%s is not JSON: line %d, column %d: %s\n", path,
			  error.line, error.column, error.text);
	else
		sequencers_read_all(loader, root);
	json_decref(root);
	sequencers_check_state_dir(loader);
}

void
sequencers_forget(struct config *config)
{
	for (size_t i = 0; i < config->sequencer_count; i++) {
		struct sequencer *sequencer = &config->sequencers[i];

		if (sequencer->type->store != NULL)
			sequencer->type->store->forget(&sequencer->settings);
		for (size_t j = 0; j < sequencer->bound_count; j++)
			free(sequencer->bounds[j].key);
		free(sequencer->bounds);
		free(sequencer->prefix);
		free(sequencer->name);
	}
}
