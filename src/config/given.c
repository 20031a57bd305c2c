#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "config/env_file.h"
#include "config/given.h"
#include "config/service_link.h"
#include "config/small_file.h"

#define MOST_SHOWN	 200 /* bytes of a name */
#define LINKS_SIZE	 1024
#define MOST_LINKS_SHOWN 600

struct given {
	struct loader *loader;
	char *const *environment; /* NULL while the file is read */
	struct text links;	  /* the names of variables that were made for a service */
	size_t hidden_links;	  /* those that LINKS has no room for */
};

static void
given_warn_of_unknown(struct given *given, const char *name)
{
	char *capitals = xstrdup(name);

	for (char *at = capitals; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	text_add_quoted(given->loader->warnings, name, MOST_SHOWN);
	text_addf(given->loader->warnings, " is not a variable of tickrd; did you mean %s?\n",
		  key_nearest(capitals)->variable);
	free(capitals);
}

/* Take one assignment. The environment replaces the value of the file. */
static void
given_take(void *arg, const char *name, const char *value)
{
	struct given *given = arg;
	const struct key *key = key_find(name);
	char **place;

	/* A name in small letters has no meaning, but its author meant a variable of tickrd. */
	if (strncasecmp(name, "TICKR_", 6) != 0 && strncasecmp(name, "TICKRD_", 7) != 0)
		return;
	if (service_link_is(name, value, given->environment)) {
		if (given->links.len + strlen(name) > MOST_LINKS_SHOWN)
			given->hidden_links++;
		else
			text_addf(&given->links, "%s%s", given->links.len > 0 ? ", " : "", name);
		return;
	}
	if (key == NULL) {
		given_warn_of_unknown(given, name);
		return;
	}
	if (value[0] == '\0' && key->type != KEY_SECRET)
		return; /* it counts as not set, so it replaces no other value */
	place = &given->loader->values[key - key_table];
	if (*place != NULL && given->environment == NULL)
		text_addf(given->loader->warnings,
			  "--env-file has %s more than once; the last one counts\n", name);
	xforget(*place);
	*place = xstrdup(value);
}

static void
given_read_file(struct given *given, const char *path)
{
	struct loader *loader = given->loader;
	char memory[512], warning_memory[512];
	struct text problem = TEXT_OVER(memory), warning = TEXT_OVER(warning_memory);
	size_t len;
	char *content;

	text_add(&problem, "cannot be read: ");
	content = small_file_read(path, &len, &problem);
	loader->is_file_bad = content == NULL;
	if (content != NULL) {
		text_clear(&problem);
		loader->is_file_bad =
			!env_file_parse(content, len, given_take, given, &problem, &warning);
		explicit_bzero(content, len);
		free(content);
	}
	if (loader->is_file_bad)
		text_addf(loader->problems, "--env-file %s: %s\n", path, memory);
	if (warning.len > 0)
		text_addf(loader->warnings, "--env-file %s: %s\n", path, warning_memory);
}

void
given_read(struct loader *loader, const char *env_file, char *const *environment)
{
	char memory[LINKS_SIZE];
	struct given given = {.loader = loader, .links = TEXT_OVER(memory)};

	if (env_file != NULL)
		given_read_file(&given, env_file);
	given.environment = environment;
	for (char *const *at = environment; *at != NULL; at++) {
		const char *equals = strchr(*at, '=');
		char *name = xstrndup(*at, equals != NULL ? (size_t)(equals - *at) : 0);

		if (equals != NULL)
			given_take(&given, name, equals + 1);
		free(name);
	}
	if (given.links.len == 0)
		return;
	text_addf(loader->warnings, "Kubernetes or Docker made %s", memory);
	if (given.hidden_links > 0)
		text_addf(loader->warnings, " and %zu more", given.hidden_links);
	text_add(loader->warnings,
		 " for a service, so they are ignored as settings. To remove them set "
		 "enableServiceLinks: false in the pod's spec, or rename the service, so that its "
		 "name does not begin with tickr\n");
}
