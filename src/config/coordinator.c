#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/coordinator.h"
#include "config/secret.h"

/* Split the list of endpoints at its commas, in a copy. */
static void
coordinator_split(struct loader *loader)
{
	struct config *config = loader->config;
	char *rest = config->coordinator_list = xstrdup(config->coordinator_endpoints);
	char *endpoint;

	while ((endpoint = strsep(&rest, ",")) != NULL) {
		endpoint += strspn(endpoint, " ");
		if (endpoint[0] == '\0' ||
		    config->coordinator_count == MOST_COORDINATOR_ENDPOINTS) {
			loader_add_problem(loader, "TICKR_COORDINATOR_ENDPOINTS",
					   config->coordinator_endpoints);
			return;
		}
		config->coordinator_hosts[config->coordinator_count++] = endpoint;
	}
}

/* Report settings that are only sensible with another one. */
static void
coordinator_check_pairs(struct loader *loader)
{
	if (loader_is_set(loader, "TICKR_COORDINATOR_SSL_CERT") !=
	    loader_is_set(loader, "TICKR_COORDINATOR_SSL_KEY"))
		text_add(loader->problems,
			 "TICKR_COORDINATOR_SSL_CERT and TICKR_COORDINATOR_SSL_KEY belong "
			 "together: set both, or none\n");
	if (loader->config->coordinator_password[0] != '\0' &&
	    !loader_is_set(loader, "TICKR_COORDINATOR_USERNAME"))
		text_add(loader->problems,
			 "a password of the coordinator is set without a name: set "
			 "TICKR_COORDINATOR_USERNAME too\n");
}

/* Without a coordinator its settings are a mistake. TICKR_COORDINATOR_AHEAD also is one of a fixed worker id. */
static void
coordinator_refuse_all(struct loader *loader)
{
	static const char prefix[] = "TICKR_COORDINATOR_";

	for (const struct key *key = key_table; key < key_table + key_count; key++)
		if (strncmp(key->variable, prefix, sizeof(prefix) - 1) == 0 &&
		    strcmp(key->variable, "TICKR_COORDINATOR_AHEAD") != 0 &&
		    loader_is_set(loader, key->variable))
			text_addf(loader->problems,
				  "%s is set, and TICKR_COORDINATOR is not: set it to etcd or "
				  "zookeeper\n",
				  key->variable);
}

void
config_coordinator(struct loader *loader)
{
	struct config *config = loader->config;

	if (config->coordinator == CONFIG_COORDINATOR_NONE) {
		coordinator_refuse_all(loader);
		return;
	}
	secret_read(loader, "TICKR_COORDINATOR_PASSWORD", config->coordinator_password_file, 1,
		    &config->coordinator_password);
	coordinator_split(loader);
	coordinator_check_pairs(loader);
}

void
config_coordinator_forget(struct config *config)
{
	free(config->coordinator_list);
}
