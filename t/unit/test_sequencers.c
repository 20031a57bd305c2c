#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loaded.h"
#include "base/attributes.h"
#include "store/mysql_settings.h"

/* Settings of a server on node 3 of 10, with a file of stores. */
static char stores[] = "/tmp/tickr-test-sequencers-XXXXXX";
static char secret[] = "/tmp/tickr-test-secret-XXXXXX";
static char variable[64];
static struct loaded loaded;

static void
write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	cr_assert_geq(fputs(content, file), 0);
	cr_assert_eq(fclose(file), 0);
}

static void
begin(void)
{
	int one = mkstemp(stores), other = mkstemp(secret);

	cr_assert(one >= 0 && other >= 0);
	close(one);
	close(other);
	snprintf(variable, sizeof(variable), "TICKR_SEQUENCERS_FILE=%s", stores);
}

static void
end(void)
{
	config_free(&loaded.config);
	unlink(stores);
	unlink(secret);
}

TestSuite(sequencers, .init = begin, .fini = end);

/* Load CONTENT as the file, with the application APP. */
static void
load_for(const char *app, const char *content)
{
	char application[64];

	snprintf(application, sizeof(application), "TICKR_SEQUENCERS_APP_ID=%s", app);
	config_free(&loaded.config);
	write_file(stores, content);
	loaded = LOAD("TICKR_MAX_NODES=10", "TICKR_NODE_NUMBER=3", "TICKR_STARTING_OFFSET=326",
		      "TICKR_STATE_DIR=/tmp", "TICKR_ALLOW_FORGETTING=1", variable, application);
}

static void
load_file(const char *content)
{
	load_for("", content);
}

/* Load the one store "s" of TYPE with the members METADATA. */
static void
load_store(const char *type, const char *metadata)
{
	char content[1024];

	snprintf(content, sizeof(content),
		 "{\"sequencer\": {\"s\": {\"type\": \"%s\", \"metadata\": {%s}}}}", type,
		 metadata);
	load_file(content);
}

static const struct mysql_settings *
mysql_of(size_t store)
{
	return loaded.config.sequencers[store].settings.own;
}

static void
problem_is(const char *words)
{
	cr_assert_not(loaded.is_good, "not refused: %s", words);
	cr_assert_not_null(strstr(loaded.problems, words), "no \"%s\" in: %s", words,
			   loaded.problems);
}

/* --- mistakes -------------------------------------------------------------------------------------- */

Test(sequencers, every_mistake_is_reported_in_one_run)
{
	static const char *const words[] = {
		"store a b: a name has 1 to 64 letters",
		"store tickr: a name has 1 to 64 letters, digits and . _ -, and tickr is the "
		"server's own store",
		"store oracle: the type oracle is not known: use one of mysql, sqlite, ",
		"store typeless: it has no type: add \"type\", one of mysql, ",
		"store no-host: mysqlUrl is missing: add it to metadata",
		"store port: mysqlPort=x is not allowed: it must be a whole number from 1 to 65535",
		"store verify: sslVerify=true is not allowed: it must be one of no, yes",
		"store verify: sslCa=/nonexistent/ca.pem cannot be read: No such file",
		"store verify: sslCert and sslKey go together: set both or neither",
		"store list: userName must be a string",
		"store prefix: keyPrefix must be a string",
		"store bars: keyPrefix must have at most 110 bytes, without ||",
		"store bounds: biggerThan must be an object of keys and numbers",
		"store keys: biggerThan: the number of low must be whole, from 0 to ",
		"store keys: biggerThan: the number of far must be whole, from 0 to ",
		"store keys: biggerThan: the number of text must be whole, from 0 to ",
		"store keys: biggerThan: the key \"a||b\" cannot be a key: it has ||",
		"store keys: biggerThan: the key \"\" cannot be a key: ",
	};

	load_file(
		"{\"sequencer\": {"
		"\"a b\": {\"type\": \"in-memory\"}, \"tickr\": {\"type\": \"in-memory\"},"
		"\"oracle\": {\"type\": \"oracle\"}, \"typeless\": {},"
		"\"no-host\": {\"type\": \"mysql\"},"
		"\"verify\": {\"type\": \"mysql\", \"metadata\": {\"mysqlUrl\": \"h\", "
		"\"sslVerify\": true, \"sslCa\": \"/nonexistent/ca.pem\", \"sslCert\": "
		"\"/dev/null\"}},"
		"\"port\": {\"type\": \"mysql\", \"metadata\": {\"mysqlUrl\": \"h\", "
		"\"mysqlPort\": "
		"\"x\"}},"
		"\"list\": {\"type\": \"mysql\", \"metadata\": {\"mysqlUrl\": \"h\", \"userName\": "
		"[1]}},"
		"\"prefix\": {\"type\": \"in-memory\", \"metadata\": {\"keyPrefix\": 5}},"
		"\"bars\": {\"type\": \"in-memory\", \"metadata\": {\"keyPrefix\": \"a||b\"}},"
		"\"bounds\": {\"type\": \"in-memory\", \"biggerThan\": [1]},"
		"\"keys\": {\"type\": \"in-memory\", \"biggerThan\": {\"low\": -1, \"far\": "
		"9007199254740993, \"text\": \"5\", \"a||b\": 1, \"\": 1}}}}");
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		problem_is(words[i]);
}

Test(sequencers, a_line_has_no_control_characters_of_the_file)
{
	load_file("{\"sequencer\": {\"a\\nb\": {\"type\": \"x\\u001b[1m\", \"c\\nd\": 1}}}");
	problem_is("store a?b: the type x?[1m is not known");
	cr_assert_not_null(strstr(loaded.warnings, "store a?b: c?d is ignored"));
}

Test(sequencers, a_file_of_another_form_is_refused)
{
	static const struct {
		const char *content, *words;
	} cases[] = {
		{"", "is not JSON: line 1, column 0: "},
		{"{\"sequencer\": {", "is not JSON: line 1, column 15: "},
		{"[]", "it must hold {\"sequencer\": "},
		{"{}", "it must hold {\"sequencer\": "},
		{"{\"sequencer\": {}}", "with 1 to 16 stores"},
		{"{\"sequencer\": []}", "it must hold {\"sequencer\": "},
		{"{\"sequencer\": {\"s\": 1}}", "store s: it has no type"},
		{"{\"sequencer\": {\"s\": {\"type\": \"in-memory\"}, \"s\": {}}}",
		 "duplicate object key"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		load_file(cases[i].content);
		problem_is(cases[i].words);
	}
}

Test(sequencers, a_server_has_at_most_16_stores)
{
	for (unsigned count = 16; count <= 17; count++) {
		char memory[2048];
		struct text content = TEXT_OVER(memory);

		for (unsigned i = 0; i < count; i++)
			text_addf(&content, "%s\"s%u\": {\"type\": \"in-memory\"}",
				  i > 0 ? ", " : "{\"sequencer\": {", i);
		text_add(&content, "}}");
		load_file(memory);
		cr_assert_eq(loaded.is_good, count == 16, "%u: %s", count, loaded.problems);
	}
}

/* --- properties ------------------------------------------------------------------------------------ */

Test(sequencers, the_nearest_property_is_named)
{
	static const struct {
		const char *type, *given, *nearest;
	} cases[] = {
		{"mysql", "mysqlURL", "mysqlUrl"},     {"mysql", "databaseName", "dataBaseName"},
		{"mysql", "pasword", "password"},      {"mysql", "keyprefix", "keyPrefix"},
		{"mysql", "mysqlUrlFile", "mysqlUrl"}, /* no secret */
		{"in-memory", "file", "keyPrefix"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char metadata[128], words[160];

		snprintf(metadata, sizeof(metadata), "\"mysqlUrl\": \"h\", \"%s\": \"x\"",
			 cases[i].given);
		snprintf(words, sizeof(words),
			 "store s: \"%s\" is not a property of type %s, and is ignored; did you "
			 "mean %s?\n",
			 cases[i].given, cases[i].type, cases[i].nearest);
		load_store(cases[i].type, metadata);
		cr_assert(loaded.is_good, "%s", loaded.problems);
		cr_assert_not_null(strstr(loaded.warnings, words), "no \"%s\" in: %s", words,
				   loaded.warnings);
	}
}

Test(sequencers, a_property_that_layotto_has_is_ignored_with_the_reason)
{
	static const struct {
		const char *type, *metadata, *words;
	} cases[] = {
		{"mysql", "\"mysqlUrl\": \"h\", \"tableName\": \"t\"",
		 "\"tableName\" is ignored: the table is tickr_sequences: use dataBaseName"},
		{"redis", "\"redisHost\": \"h\", \"maxRetries\": 3",
		 "\"maxRetries\" is ignored: tickrd never repeats a statement"},
		{"redis", "\"redisHost\": \"h\", \"maxRetryBackoff\": 3",
		 "\"maxRetryBackoff\" is ignored: "},
		{"zookeeper", "\"zookeeperHosts\": \"h\", \"LogInfo\": \"true\"",
		 "\"LogInfo\" is ignored: TICKR_LOG_LEVEL"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (store_type_find(cases[i].type)->store == NULL)
			continue;
		load_store(cases[i].type, cases[i].metadata);
		cr_assert(loaded.is_good, "%s", loaded.problems);
		cr_assert_not_null(strstr(loaded.warnings, cases[i].words), "%s", loaded.warnings);
	}
}

Test(sequencers, a_part_of_a_store_that_is_not_known_is_warned_of)
{
	load_file("{\"sequencer\": {\"s\": {\"type\": \"in-memory\", \"bigerThan\": {}}}}");
	cr_assert(loaded.is_good);
	cr_assert_not_null(strstr(loaded.warnings, "store s: bigerThan is ignored"));
}

Test(sequencers, properties_are_texts_numbers_or_words_and_have_defaults)
{
	load_store("mysql", "\"mysqlUrl\": \"db\", \"mysqlPort\": 3307");
	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_eq(mysql_of(0)->server.address.host, "db");
	cr_assert_eq(mysql_of(0)->server.address.port, 3307);
	cr_assert_str_eq(mysql_of(0)->server.user, "root");
	cr_assert_str_eq(mysql_of(0)->server.database, "tickr");
	cr_assert_str_empty(mysql_of(0)->server.password);
}

Test(sequencers, dial_timeout_limits_connecting)
{
	static const char *const bad[] = {"0", "61", "x", "-1"};

	if (store_type_find("etcd")->store == NULL)
		cr_skip_test("built without etcd");
	load_store("etcd", "\"endpoints\": \"h:2379\"");
	cr_assert_eq(loaded.config.sequencers[0].settings.connect_timeout_s, 2);
	load_store("etcd", "\"endpoints\": \"h:2379\", \"dialTimeout\": \"7\"");
	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_empty(loaded.warnings);
	cr_assert_eq(loaded.config.sequencers[0].settings.connect_timeout_s, 7);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		char metadata[128];

		snprintf(metadata, sizeof(metadata),
			 "\"endpoints\": \"h:2379\", \"dialTimeout\": \"%s\"", bad[i]);
		load_store("etcd", metadata);
		problem_is("it is a number of seconds, from 1 to 60");
	}
}

/* --- secrets --------------------------------------------------------------------------------------- */

Test(sequencers, a_secret_may_be_in_a_file)
{
	char metadata[256];

	write_file(secret, SECRET "\n");
	snprintf(metadata, sizeof(metadata), "\"mysqlUrl\": \"h\", \"passwordFile\": \"%s\"",
		 secret);
	load_store("mysql", metadata);
	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_eq(mysql_of(0)->server.password, SECRET);
}

Test(sequencers, a_secret_and_its_file_are_not_both_set)
{
	char metadata[256];

	write_file(secret, SECRET "\n");
	snprintf(metadata, sizeof(metadata),
		 "\"mysqlUrl\": \"h\", \"password\": \"" SECRET "\", \"passwordFile\": \"%s\"",
		 secret);
	load_store("mysql", metadata);
	problem_is("store s: password and passwordFile are both set: set one of them");
	cr_assert_null(strstr(loaded.problems, SECRET), "a secret is never shown");
}

Test(sequencers, a_file_that_is_missing_or_has_more_lines_is_refused)
{
	char metadata[256];

	load_store("mysql", "\"mysqlUrl\": \"h\", \"passwordFile\": \"/nonexistent/password\"");
	problem_is("store s: password");
	problem_is("/nonexistent/password");
	write_file(secret, SECRET "\nmore\n");
	snprintf(metadata, sizeof(metadata), "\"mysqlUrl\": \"h\", \"passwordFile\": \"%s\"",
		 secret);
	load_store("mysql", metadata);
	problem_is("store s: password");
	cr_assert_null(strstr(loaded.problems, SECRET), "a secret is never shown");
}

Test(sequencers, a_secret_with_a_mistake_is_not_shown)
{
	if (store_type_find("zookeeper")->store == NULL)
		cr_skip_test("built without ZooKeeper");
	load_store("zookeeper", "\"zookeeperHosts\": \"h\", \"zookeeperPassword\": \"" SECRET "\"");
	problem_is("zookeeperPassword=(not shown) is not allowed: write user:password");
	cr_assert_null(strstr(loaded.problems, SECRET));
}

/* --- keys, bounds and nodes ------------------------------------------------------------------------ */

Test(sequencers, keys_have_the_prefix_of_layotto)
{
	static const struct {
		const char *app, *metadata, *prefix;
	} cases[] = {
		{"", "", "sequencer|||"},
		{"shop", "", "sequencer|||shop||"},
		{"shop", "\"keyPrefix\": \"appid\"", "sequencer|||shop||"},
		{"shop", "\"keyPrefix\": \"name\"", "sequencer|||s||"},
		{"shop", "\"keyPrefix\": \"none\"", "sequencer|||"},
		{"shop", "\"keyPrefix\": \"other\"", "sequencer|||other||"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char content[256];

		snprintf(content, sizeof(content),
			 "{\"sequencer\": {\"s\": {\"type\": \"in-memory\", \"metadata\": {%s}}}}",
			 cases[i].metadata);
		load_for(cases[i].app, content);
		cr_assert(loaded.is_good, "%s", loaded.problems);
		cr_assert_str_eq(loaded.config.sequencers[0].prefix, cases[i].prefix);
	}
}

Test(sequencers, bounds_are_read)
{
	const struct sequencer *one;

	load_file("{\"sequencer\": {\"s\": {\"type\": \"in-memory\", \"biggerThan\": {\"a\": 0, "
		  "\"b\": "
		  "9007199254740992}}, \"t\": {\"type\": \"in-memory\", \"biggerThan\": null}}}");
	cr_assert(loaded.is_good, "%s", loaded.problems);
	one = &loaded.config.sequencers[0];
	cr_assert_eq(one->bound_count, 2);
	cr_assert_str_eq(one->bounds[0].key, "a");
	cr_assert_eq(one->bounds[0].id, 0);
	cr_assert_str_eq(one->bounds[1].key, "b");
	cr_assert_eq(one->bounds[1].id, SEQUENCE_MOST_JUMP);
	cr_assert_eq(loaded.config.sequencers[1].bound_count, 0);
}

Test(sequencers, only_stores_of_databases_count_with_the_node)
{
	static const struct ticket_space plain = {1, 0, 1}, node = {10, 3, 326};

	load_store("in-memory", "");
	cr_assert(space_equals(&loaded.config.sequencers[0].settings.space, &plain));
	load_store("mysql", "\"mysqlUrl\": \"h\"");
	cr_assert(space_equals(&loaded.config.sequencers[0].settings.space, &node));
}
