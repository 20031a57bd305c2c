#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "config/loader.h"
#include "config/secret.h"
#include "config/small_file.h"
#include "ticket/sequence_name.h"

#define MOST_NAME   64	/* bytes of a store's name; front/stores.h has the same */
#define MOST_PREFIX 127 /* as front/rewrite.h */
#define MOST_KEY    128
#define MOST_SHOWN  64
#define OWN_NAME    "tickr"
#define FILE_SUFFIX "File"

/* One store while it is read. */
struct sequencers {
	struct loader *loader;
	struct sequencer *sequencer;
	const json_t *metadata; /* NULL: none */
	char **values;		/* by the index of the property; NULL: not given */
	struct store_given given;
};

static void PRINTF_LIKE(2, 3) sequencers_complain(struct sequencers *s, const char *format, ...)
{
	char memory[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(memory, sizeof(memory), format, arguments);
	va_end(arguments);
	text_addf(s->loader->problems, "TICKR_SEQUENCERS_FILE: store %s: %s\n", s->sequencer->name,
		  memory);
}

/* --- properties ---------------------------------------------------------------------------------- */

/* Return the property NAME of the type, or the secret that NAME names a file for. NULL: there is none. */
static const struct store_property *
sequencers_property(const struct store_type *type, const char *name, bool *is_file)
{
	size_t len = strlen(name), suffix = strlen(FILE_SUFFIX);

	*is_file = len > suffix && strcmp(name + len - suffix, FILE_SUFFIX) == 0;
	for (size_t i = 0; i < type->property_count; i++) {
		const struct store_property *property = &type->properties[i];

		if (strcmp(property->name, name) == 0) {
			*is_file = false;
			return property;
		}
		if (*is_file && property->is_secret && strlen(property->name) == len - suffix &&
		    strncmp(property->name, name, len - suffix) == 0)
			return property;
	}
	return NULL;
}

/* Warn of a property that no store of this type has, with the nearest one. */
static void
sequencers_warn_of_unknown(struct sequencers *s, const char *name)
{
	const struct store_type *type = s->sequencer->type;
	const char *nearest = "keyPrefix";

	for (size_t i = 0; i < type->property_count; i++)
		if (key_distance(name, type->properties[i].name) < key_distance(name, nearest))
			nearest = type->properties[i].name;
	text_addf(s->loader->warnings, "TICKR_SEQUENCERS_FILE: store %s: ", s->sequencer->name);
	text_add_quoted(s->loader->warnings, name, MOST_SHOWN);
	if (type->is_generated) {
		text_add(s->loader->warnings,
			 " is ignored: the settings of type snowflake are the variables "
			 "TICKR_SNOWFLAKE_* and TICKR_COORDINATOR*\n");
		return;
	}
	text_addf(s->loader->warnings,
		  " is not a property of type %s, and is ignored; did you mean %s?\n", type->name,
		  nearest);
}

/* Return the text of VALUE, which the caller frees; NULL: it is no text, number or word. */
static char *
sequencers_text(const json_t *value)
{
	char number[32];

	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "true" : "false");
	if (!json_is_integer(value))
		return NULL;
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	return xstrdup(number);
}

/* Keep VALUE, which it takes, of PROPERTY; or read the file that VALUE names. */
static void
sequencers_keep(struct sequencers *s, const struct store_property *property, bool is_file,
		char *value)
{
	char **place = &s->values[property - s->sequencer->type->properties];
	char variable[128];

	if (*place != NULL) {
		sequencers_complain(s, "%s and %s" FILE_SUFFIX " are both set: set one of them",
				    property->name, property->name);
		xforget(value);
		return;
	}
	if (!is_file) {
		*place = value;
		return;
	}
	snprintf(variable, sizeof(variable), "TICKR_SEQUENCERS_FILE: store %s: %s",
		 s->sequencer->name, property->name);
	*place = xstrdup("");
	secret_read(s->loader, variable, value, 1, place);
	free(value);
}

static void
sequencers_read_properties(struct sequencers *s)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)s->metadata, name, value)
	{
		bool is_file;
		const struct store_property *property =
			sequencers_property(s->sequencer->type, name, &is_file);
		char *text;

		if (strcmp(name, "keyPrefix") == 0)
			continue;
		if (property == NULL) {
			sequencers_warn_of_unknown(s, name);
			continue;
		}
		text = sequencers_text(value);
		if (text == NULL)
			sequencers_complain(s, "%s must be a string", name);
		else
			sequencers_keep(s, property, is_file, text);
	}
	for (size_t i = 0; i < s->sequencer->type->property_count; i++)
		if (s->values[i] == NULL && s->sequencer->type->properties[i].fallback == NULL)
			sequencers_complain(s, "%s is missing: add it to metadata",
					    s->sequencer->type->properties[i].name);
}

/* --- what the store sees ------------------------------------------------------------------------- */

static size_t
sequencers_index(const struct sequencers *s, const char *variable)
{
	const struct store_type *type = s->sequencer->type;
	size_t i = 0;

	while (i < type->property_count && strcmp(type->properties[i].variable, variable) != 0)
		i++;
	return i;
}

static const char *
sequencers_given_text(const struct store_given *given, const char *variable, size_t database)
{
	const struct sequencers *s = CONTAINER_OF(given, const struct sequencers, given);
	size_t i = sequencers_index(s, variable);

	(void)database;
	if (i == s->sequencer->type->property_count)
		return loader_text(s->loader, variable);
	if (s->values[i] != NULL)
		return s->values[i];
	return s->sequencer->type->properties[i].fallback != NULL
		       ? s->sequencer->type->properties[i].fallback
		       : "";
}

static bool
sequencers_given_is_set(const struct store_given *given, const char *variable)
{
	const struct sequencers *s = CONTAINER_OF(given, const struct sequencers, given);
	size_t i = sequencers_index(s, variable);

	return i < s->sequencer->type->property_count && s->values[i] != NULL;
}

static void
sequencers_given_refuse(const struct store_given *given, const char *variable, const char *words)
{
	struct sequencers *s = CONTAINER_OF(given, struct sequencers, given);
	size_t i = sequencers_index(s, variable);
	const struct store_property *property = &s->sequencer->type->properties[i];

	if (i == s->sequencer->type->property_count)
		sequencers_complain(s, "%s is not allowed", variable);
	else if (s->values[i] == NULL && property->fallback == NULL)
		return; /* that it is missing is reported already */
	else
		sequencers_complain(s, "%s=%s is not allowed%s%s", property->name,
				    property->is_secret ? "(not shown)"
							: given->text(given, variable, 0),
				    words != NULL ? ": " : "", words != NULL ? words : "");
}

/* A store of this server's kind counts with its node. Stores that all nodes share have plain numbers. */
static void
sequencers_parse_store(struct sequencers *s)
{
	const struct config *config = s->loader->config;
	struct store_settings *settings = &s->sequencer->settings;

	settings->connect_timeout_s = (unsigned)(config->connect_timeout_ms / 1000);
	settings->query_timeout_s = (unsigned)(config->query_timeout_ms / 1000);
	settings->require_durable = config->require_durable != 0;
	settings->space = (struct ticket_space){1, 0, 1};
	if (!s->sequencer->type->is_shared && config->database_count > 0)
		settings->space = config->databases[0].space;
	s->sequencer->type->store->parse(&s->given, settings, 1);
}

/* --- the name of a sequence ----------------------------------------------------------------------- */

static void
sequencers_make_prefix(struct sequencers *s)
{
	const char *app = s->loader->config->sequencers_app_id;
	const json_t *given = json_object_get(s->metadata, "keyPrefix");
	const char *strategy = json_is_string(given) ? json_string_value(given) : "appid";
	char memory[256];
	struct text prefix = TEXT_OVER(memory);

	if (given != NULL && !json_is_string(given))
		sequencers_complain(s, "keyPrefix must be a string");
	text_add(&prefix, "sequencer|||");
	if (strcmp(strategy, "name") == 0)
		text_addf(&prefix, "%s||", s->sequencer->name);
	else if (strcmp(strategy, "appid") != 0 && strcmp(strategy, "none") != 0)
		text_addf(&prefix, "%s||", strategy);
	else if (strcmp(strategy, "appid") == 0 && app[0] != '\0')
		text_addf(&prefix, "%s||", app);
	if (prefix.is_truncated || prefix.len > MOST_PREFIX || strstr(strategy, "||") != NULL)
		sequencers_complain(s,
				    "keyPrefix must have at most 110 bytes, without ||; it may be "
				    "appid, name or none");
	s->sequencer->prefix = xstrdup(memory);
}

/* --- biggerThan ------------------------------------------------------------------------------------ */

static void
sequencers_read_bounds(struct sequencers *s, const json_t *bounds)
{
	const char *key;
	json_t *value;

	if (bounds == NULL || json_is_null(bounds))
		return;
	if (!json_is_object(bounds)) {
		sequencers_complain(s, "biggerThan must be an object of keys and numbers");
		return;
	}
	if (s->sequencer->type->is_generated && json_object_size(bounds) > 0) {
		sequencers_complain(s, "biggerThan cannot raise Snowflake ids, which follow from "
				       "the time: remove it");
		return;
	}
	s->sequencer->bounds = xcalloc(json_object_size(bounds) + 1, sizeof(*s->sequencer->bounds));
	json_object_foreach((json_t *)bounds, key, value)
	{
		struct sequencer_bound *bound = &s->sequencer->bounds[s->sequencer->bound_count];
		char memory[256];
		struct text reason = TEXT_OVER(memory);

		if (!sequence_name_is_valid(key, strlen(key), MOST_KEY, &reason) ||
		    strstr(key, "||") != NULL) {
			sequencers_complain(s, "biggerThan: the key %.64s cannot be a key: %s", key,
					    reason.len > 0 ? memory : "it has ||");
			continue;
		}
		if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		    (uint64_t)json_integer_value(value) > SEQUENCE_MOST_JUMP) {
			sequencers_complain(s,
					    "biggerThan: the number of %.64s must be whole, from 0 "
					    "to %" PRIu64,
					    key, (uint64_t)SEQUENCE_MOST_JUMP);
			continue;
		}
		bound->key = xstrdup(key);
		bound->id = (uint64_t)json_integer_value(value);
		s->sequencer->bound_count++;
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
sequencers_find_type(struct sequencers *s, const json_t *value)
{
	const char *name = json_string_value(json_object_get(value, "type"));
	char memory[256];
	struct text types = TEXT_OVER(memory);

	store_types_list(&types);
	s->sequencer->type = name != NULL ? store_type_find(name) : NULL;
	if (s->sequencer->type == NULL)
		sequencers_complain(s, "the type %.64s is not known: use one of %s",
				    name != NULL ? name : "is missing, so it", memory);
	else if (s->sequencer->type->store == NULL && !s->sequencer->type->is_generated)
		sequencers_complain(s,
				    "this tickrd was built without the type %s: remove the store, "
				    "or build tickrd with its library",
				    name);
	else if (s->sequencer->type->forgets && !s->loader->config->allow_forgetting)
		sequencers_complain(s,
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
	struct sequencers s = {.loader = loader,
			       .sequencer = sequencer,
			       .metadata = json_object_get(value, "metadata"),
			       .given = {sequencers_given_text, sequencers_given_is_set,
					 sequencers_given_refuse, loader->problems}};
	const char *part;
	json_t *ignored;

	*sequencer = (struct sequencer){.name = xstrdup(name)};
	if (!sequencers_name_is_good(name))
		sequencers_complain(&s,
				    "a name has 1 to %d letters, digits and . _ -, and " OWN_NAME
				    " is the server's own store",
				    MOST_NAME);
	json_object_foreach((json_t *)value, part, ignored) if (strcmp(part, parts[0]) != 0 &&
								strcmp(part, parts[1]) != 0 &&
								strcmp(part, parts[2]) != 0)
		text_addf(loader->warnings,
			  "TICKR_SEQUENCERS_FILE: store %s: %.64s is ignored; did you mean "
			  "type, biggerThan or metadata?\n",
			  name, part);
	if (!sequencers_find_type(&s, value)) {
		free(sequencer->name);
		return;
	}
	s.values = xcalloc(sequencer->type->property_count + 1, sizeof(*s.values));
	sequencers_read_properties(&s);
	sequencers_make_prefix(&s);
	sequencers_read_bounds(&s, json_object_get(value, "biggerThan"));
	if (sequencer->type->is_generated)
		loader->config->has_snowflakes = true;
	else
		sequencers_parse_store(&s);
	for (size_t i = 0; i < sequencer->type->property_count; i++)
		xforget(s.values[i]);
	free(s.values);
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
