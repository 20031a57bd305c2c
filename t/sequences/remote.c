#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

#include "contract.h"
#include "store/etcd_sequences.h"
#include "store/redis_store.h"
#include "store/zookeeper_sequences.h"

#define MOST_ENDPOINTS 8

#if HAVE_ETCD
static void
remote_set_etcd(struct store_settings *settings)
{
	static char list[1024];
	const char *endpoints[MOST_ENDPOINTS];
	struct etcd_place place = {
		.endpoints = endpoints,
		.prefix = getenv("SEQUENCES_PREFIX"),
		.user = getenv("SEQUENCES_USER"),
		.password = getenv("SEQUENCES_PASSWORD"),
		.ca_file = getenv("CA_FILE"),
		.cert_file = getenv("CERT_FILE"),
		.key_file = getenv("KEY_FILE"),
	};

	strncpy(list, getenv("ENDPOINTS"), sizeof(list) - 1);
	for (char *one = strtok(list, ","); one != NULL && place.endpoints_count < MOST_ENDPOINTS;
	     one = strtok(NULL, ","))
		endpoints[place.endpoints_count++] = one;
	etcd_place_set(settings, &place);
}
#endif

#if HAVE_ZOOKEEPER
static void
remote_set_zookeeper(struct store_settings *settings)
{
	zookeeper_place_set(settings,
			    &(struct zookeeper_place){.hosts = getenv("ENDPOINTS"),
						      .digest = getenv("SEQUENCES_PASSWORD"),
						      .session_s = 10});
}
#endif

#if HAVE_REDIS
/* The properties that ENVIRONMENT may set, with the defaults of the others. */
static const struct {
	const char *property, *environment, *usual;
} remote_of_redis[] = {
	{"redisHost", "ENDPOINTS", ""},
	{"redisUsername", "SEQUENCES_USER", ""},
	{"redisPassword", "SEQUENCES_PASSWORD", ""},
	{"db", "SEQUENCES_DB", "0"},
	{"enableTLS", "SEQUENCES_TLS", "false"},
	{"durability", "SEQUENCES_DURABILITY", "checked"},
};

static const char *
remote_text(const struct store_given *given, const char *property, size_t database)
{
	(void)given;
	(void)database;
	for (size_t i = 0; i < ARRAY_LENGTH(remote_of_redis); i++) {
		const char *value = getenv(remote_of_redis[i].environment);

		if (strcmp(remote_of_redis[i].property, property) == 0)
			return value != NULL ? value : remote_of_redis[i].usual;
	}
	return "";
}

static void
remote_refuse(const struct store_given *given, const char *property, const char *words)
{
	(void)given;
	fprintf(stderr, "%s: %s\n", property, words != NULL ? words : "not allowed");
	exit(2);
}

static void
remote_set_redis(struct store_settings *settings)
{
	redis_store.parse(&(struct store_given){.text = remote_text, .refuse = remote_refuse},
			  settings, 1);
}
#endif

static const struct {
	const char *name;
	const struct store *store;
	void (*set)(struct store_settings *settings);
} remotes[] = {
#if HAVE_ETCD
	{"etcd", &etcd_sequences_store, remote_set_etcd},
#endif
#if HAVE_REDIS
	{"redis", &redis_store, remote_set_redis},
#endif
#if HAVE_ZOOKEEPER
	{"zookeeper", &zookeeper_sequences_store, remote_set_zookeeper},
#endif
	{NULL, NULL, NULL},
};

const struct store *
contract_remote(const char *name, struct store_settings *settings)
{
	for (size_t i = 0; remotes[i].name != NULL; i++) {
		if (strcmp(remotes[i].name, name) != 0)
			continue;
		remotes[i].set(settings);
		return remotes[i].store;
	}
	return NULL;
}
