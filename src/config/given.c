/* What was given: in the environment, and in the file that --env-file names. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "config/env_file.h"
#include "config/loader.h"
#include "config/service_link.h"
#include "config/small_file.h"

#define MOST_SHOWN	 200 /* bytes of a name */
#define MOST_LINKS_SHOWN 600

static bool
begins_with(const char *name, const char *prefix)
{
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* What was meant for tickrd: a variable's name in small letters has no meaning, and nobody sees it. */
static bool
is_ours(const char *name)
{
	return begins_with(name, "TICKR_") || begins_with(name, "TICKRD_");
}

static void
warn_of_unknown(struct loader *loader, const char *name)
{
	char *capitals = xstrdup(name);

	for (char *at = capitals; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	text_add_quoted(loader->warnings, name, MOST_SHOWN);
	text_addf(loader->warnings, " is not a variable of tickrd; did you mean %s?\n",
		  key_nearest(capitals)->variable);
	free(capitals);
}

static void
add_link(struct loader *loader, const char *name)
{
	if (loader->links->len + strlen(name) > MOST_LINKS_SHOWN) {
		loader->hidden_links++;
		return;
	}
	text_addf(loader->links, "%s%s", loader->links->len > 0 ? ", " : "", name);
}

static const struct key *
find_key(const char *name)
{
	for (size_t i = 0; i < key_count; i++)
		if (strcmp(key_table[i].variable, name) == 0)
			return &key_table[i];
	return NULL;
}

/* False: there was one already. */
static bool
give_key(struct loader *loader, const struct key *key, const char *value)
{
	char **place = &loader->values[key - key_table];
	bool is_first = *place == NULL;

	if (value[0] == '\0' && key->type != KEY_SECRET)
		return true; /* as if it were not there: it hides no other */
	config_forget(*place);
	free(*place);
	*place = xstrdup(value);
	return is_first;
}

static void
give_from_environment(struct loader *loader, const char *name, const char *value,
		      char *const *environment)
{
	const struct key *key = find_key(name);

	if (!is_ours(name))
		return;
	if (service_link_is(name, value, environment))
		add_link(loader, name);
	else if (key != NULL)
		(void)give_key(loader, key, value); /* it goes before the file */
	else
		warn_of_unknown(loader, name);
}

void
loader_give_environment(struct loader *loader, char *const *environment)
{
	for (char *const *at = environment; *at != NULL; at++) {
		const char *equals = strchr(*at, '=');
		char *name;

		if (equals == NULL)
			continue;
		name = xstrndup(*at, (size_t)(equals - *at));
		give_from_environment(loader, name, equals + 1, environment);
		free(name);
	}
}

void
loader_warn_of_links(struct loader *loader)
{
	if (loader->links->len == 0)
		return;
	text_addf(loader->warnings, "Kubernetes or Docker made %s", loader->links->start);
	if (loader->hidden_links > 0)
		text_addf(loader->warnings, " and %zu more", loader->hidden_links);
	text_add(
		loader->warnings,
		" for a service, so they are ignored as settings. To remove them set "
		"enableServiceLinks: false in the pod's spec, or give the service a name that does "
		"not begin with tickr\n");
}

static void
give_from_file(void *arg, const char *name, const char *value)
{
	struct loader *loader = arg;
	const struct key *key = find_key(name);

	if (!is_ours(name))
		return;
	if (service_link_is(name, value, NULL))
		add_link(loader, name);
	else if (key == NULL)
		warn_of_unknown(loader, name);
	else if (!give_key(loader, key, value))
		text_addf(loader->warnings,
			  "--env-file has %s more than once; the last one counts\n", name);
}

void
loader_give_file(struct loader *loader, const char *path)
{
	char memory[512], warning_memory[512];
	struct text problem = TEXT_OVER(memory), warning = TEXT_OVER(warning_memory);
	size_t len;
	char *content;

	text_add(&problem, "cannot be read: ");
	content = small_file_read(path, &len, &problem);
	if (content != NULL) {
		text_clear(&problem);
		loader->is_file_bad =
			!env_file_parse(content, len, give_from_file, loader, &problem, &warning);
		explicit_bzero(content, len);
	} else {
		loader->is_file_bad = true;
	}
	if (loader->is_file_bad)
		text_addf(loader->problems, "--env-file %s: %s\n", path, memory);
	if (warning.len > 0)
		text_addf(loader->warnings, "--env-file %s: %s\n", path, warning_memory);
	free(content);
}
