#include <string.h>

#include "build.h"

#include "store/drivers.h"
#include "store/etcd_sequences.h"
#include "store/redis_store.h"
#include "store/types.h"
#include "store/zookeeper_sequences.h"

/* The names of Layotto's component, and some more. */
static const struct store_property types_of_mysql[] = {
	{"mysqlUrl", "TICKR_DATABASE_HOST", NULL, false},
	{"mysqlPort", "TICKR_DATABASE_PORT", "3306", false},
	{"userName", "TICKR_DATABASE_USERNAME", "root", false},
	{"password", "TICKR_DATABASE_PASSWORD", "", true},
	{"dataBaseName", "TICKR_DATABASE_NAME", "tickr", false},
	{"sslCa", "TICKR_DATABASE_SSL_CA", "", false},
	{"sslCert", "TICKR_DATABASE_SSL_CERT", "", false},
	{"sslKey", "TICKR_DATABASE_SSL_KEY", "", false},
	{"sslVerify", "TICKR_DATABASE_SSL_VERIFY", "yes", false},
};

static const struct store_property types_of_sqlite[] = {
	{"file", "TICKR_DATABASE_NAME", NULL, false},
};

static const struct store_property types_of_etcd[] = {
	{"endpoints", "endpoints", NULL, false},
	{"keyPrefixPath", "keyPrefixPath", ETCD_DEFAULT_PREFIX, false},
	{"username", "username", "", false},
	{"password", "password", "", true},
	{"tlsCa", "tlsCa", "", false},
	{"tlsCert", "tlsCert", "", false},
	{"tlsCertKey", "tlsCertKey", "", false},
	{"dialTimeout", "dialTimeout", "", false},
};

static const struct store_property types_of_zookeeper[] = {
	{"zookeeperHosts", "zookeeperHosts", NULL, false},
	{"zookeeperPassword", "zookeeperPassword", "", true},
	{"SessionTimeout", "SessionTimeout", "5", false},
};

static const struct store_property types_of_redis[] = {
	{"redisHost", "redisHost", NULL, false},
	{"redisUsername", "redisUsername", "", false},
	{"redisPassword", "redisPassword", "", true},
	{"db", "db", "0", false},
	{"enableTLS", "enableTLS", "false", false},
	{"durability", "durability", "checked", false},
};

/* Properties that Layotto has, and tickrd does not need. */
static const struct {
	const char *type, *name, *reason;
} types_ignored[] = {
	{"mysql", "tableName",
	 "the table is tickr_sequences: use dataBaseName or keyPrefix to keep two stores apart"},
	{"redis", "maxRetries",
	 "tickrd never repeats a statement: TICKR_DATABASE_POOL_TIMEOUT limits how long a request "
	 "waits"},
	{"redis", "maxRetryBackoff", "tickrd chooses its own pauses after a failure"},
	{"zookeeper", "LogInfo", "TICKR_LOG_LEVEL is the limit of the log"},
};

static const struct store_type types[] = {
	{"mysql", &mysql_store, types_of_mysql, ARRAY_LENGTH(types_of_mysql), false, false, false},
	{"sqlite", HAVE_SQLITE ? &sqlite_store : NULL, types_of_sqlite,
	 ARRAY_LENGTH(types_of_sqlite), false, false, false},
	{"etcd", HAVE_ETCD ? &etcd_sequences_store : NULL, types_of_etcd,
	 ARRAY_LENGTH(types_of_etcd), true, false, false},
	{"zookeeper", HAVE_ZOOKEEPER ? &zookeeper_sequences_store : NULL, types_of_zookeeper,
	 ARRAY_LENGTH(types_of_zookeeper), true, false, false},
	{"redis", HAVE_REDIS ? &redis_store : NULL, types_of_redis, ARRAY_LENGTH(types_of_redis),
	 true, false, false},
	{"snowflake", NULL, NULL, 0, true, false, true},
	{"in-memory", &memory_store, NULL, 0, true, true, false},
};

const struct store_type *
store_type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

const struct store *
store_type_sequences(const struct store_type *type)
{
	return type->store->sequences != NULL ? type->store->sequences : type->store;
}

const char *
store_type_ignores(const struct store_type *type, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(types_ignored); i++)
		if (strcmp(types_ignored[i].type, type->name) == 0 &&
		    strcmp(types_ignored[i].name, name) == 0)
			return types_ignored[i].reason;
	return NULL;
}

void
store_types_list(struct text *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
		text_addf(text, "%s%s", i > 0 ? ", " : "", types[i].name);
}
