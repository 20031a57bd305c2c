#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loaded.h"
#include "base/attributes.h"
#include "base/processors.h"
#include "store/mysql_settings.h"

/* The three variables that must be set, and room for what a case adds. */
#define REQUIRED "TICKR_MAX_NODES=10", "TICKR_NODE_NUMBER=3", "TICKR_STARTING_OFFSET=326"

/* The settings of MySQL's for the database with this INDEX. */
static const struct mysql_settings *
mysql_of(const struct config *config, size_t index)
{
	return config->databases[index].own;
}

/* A file with CONTENT; the caller frees and removes it. */
static char *
make_file(const char *content)
{
	char *path = strdup("/tmp/tickr-test-XXXXXX");
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
	return path;
}

static void
remove_file(char *path)
{
	unlink(path);
	free(path);
}

static unsigned
lines_of(const char *text)
{
	unsigned lines = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		lines++;
		text++;
	}
	return lines;
}

Test(config, a_variable_that_is_not_set_has_its_default)
{
	struct loaded loaded = LOAD(REQUIRED);
	const struct config *config = &loaded.config;

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_empty(loaded.warnings);
	cr_assert_str_eq(mysql_of(config, 0)->server.address.host, "localhost");
	cr_assert_eq(mysql_of(config, 0)->server.address.port, 3306);
	cr_assert_not(mysql_of(config, 0)->server.is_tcp);
	cr_assert_str_eq(mysql_of(config, 0)->server.user, "root");
	cr_assert_str_empty(mysql_of(config, 0)->server.password);
	cr_assert_str_eq(mysql_of(config, 0)->server.database, "tickr");
	cr_assert_eq(config->pool_size, 5);
	cr_assert_eq(config->pool_timeout_ms, 1000);
	cr_assert_eq(config->databases[0].connect_timeout_s, 2);
	cr_assert_eq(config->databases[0].query_timeout_s, 2);
	cr_assert_eq(mysql_of(config, 0)->ssl_verify, true);
	cr_assert_eq(config->listen_count, 1);
	cr_assert_str_empty(config->http_auth_password);
	cr_assert_eq(config->batch_format, BATCH_FORMAT_ARRAY);
	cr_assert_eq(config->max_batch, 100000);
	cr_assert_eq(config->max_waiting, 10000);
	cr_assert_eq(config->drain_delay_ms, 0);
	cr_assert_eq(config->drain_timeout_ms, 8000);
	config_free(&loaded.config);
}

Test(config, http_threads_default_to_the_processors)
{
	struct loaded loaded = LOAD(REQUIRED);

	cr_assert_eq(loaded.config.http_threads, processors_usable("/proc"));
	config_free(&loaded.config);
	loaded = LOAD(REQUIRED, "TICKR_HTTP_THREADS=7");
	cr_assert_eq(loaded.config.http_threads, 7);
	config_free(&loaded.config);
}

Test(config, a_variable_that_is_set_counts)
{
	struct loaded loaded = LOAD(
		REQUIRED, "TICKR_DATABASE_HOST=db.example:3307", "TICKR_DATABASE_USERNAME=tickr",
		"TICKR_DATABASE_PASSWORD=" SECRET, "TICKR_DATABASE_NAME=ids",
		"TICKR_DATABASE_POOL_SIZE=12", "TICKR_DATABASE_POOL_TIMEOUT=0.25",
		"TICKR_DATABASE_SSL_VERIFY=no", "TICKR_LISTEN=[::1]:80,unix:/run/x",
		"TICKR_HTTP_AUTH_PASSWORD=p", "TICKR_BATCH_FORMAT=group", "TICKR_MAX_BATCH=5",
		"TICKR_LOG_LEVEL=debug", "TICKR_DRAIN_TIMEOUT=0");
	const struct config *config = &loaded.config;

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_eq(mysql_of(config, 0)->server.address.host, "db.example");
	cr_assert_eq(mysql_of(config, 0)->server.address.port, 3307);
	cr_assert(mysql_of(config, 0)->server.is_tcp);
	cr_assert_str_eq(mysql_of(config, 0)->server.user, "tickr");
	cr_assert_str_eq(mysql_of(config, 0)->server.password, SECRET);
	cr_assert_str_eq(mysql_of(config, 0)->server.database, "ids");
	cr_assert_eq(config->pool_size, 12);
	cr_assert_eq(config->pool_timeout_ms, 250);
	cr_assert_eq(mysql_of(config, 0)->ssl_verify, false);
	cr_assert_eq(config->listen_count, 2);
	cr_assert_str_eq(config->http_auth_password, "p");
	cr_assert_eq(config->batch_format, BATCH_FORMAT_GROUP);
	cr_assert_eq(config->max_batch, 5);
	cr_assert_eq(config->log_level, 3);
	cr_assert_eq(config->drain_timeout_ms, 0);
	cr_assert_eq(config->databases[0].space.max_nodes, 10);
	cr_assert_eq(config->databases[0].space.node_number, 3);
	cr_assert_eq(config->databases[0].space.starting_offset, 326);
	config_free(&loaded.config);
}

Test(config, the_port_of_the_host_goes_before_the_port_variable)
{
	static const struct {
		const char *host;
		const char *port;
		uint16_t expected;
		bool is_tcp;
	} cases[] = {
		{"TICKR_DATABASE_HOST=localhost", "TICKR_DATABASE_PORT=", 3306, false},
		{"TICKR_DATABASE_HOST=localhost", "TICKR_DATABASE_PORT=4000", 4000, true},
		{"TICKR_DATABASE_HOST=localhost:4000", "TICKR_DATABASE_PORT=", 4000, true},
		{"TICKR_DATABASE_HOST=db", "TICKR_DATABASE_PORT=", 3306, true},
		{"TICKR_DATABASE_HOST=db", "TICKR_DATABASE_PORT=4000", 4000, true},
		{"TICKR_DATABASE_HOST=db:5000", "TICKR_DATABASE_PORT=4000", 5000, true},
		{"TICKR_DATABASE_HOST=[::1]:5000", "TICKR_DATABASE_PORT=", 5000, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct loaded loaded = LOAD(REQUIRED, cases[i].host, cases[i].port);

		cr_assert(loaded.is_good, "%s", loaded.problems);
		cr_assert_eq(mysql_of(&loaded.config, 0)->server.address.port, cases[i].expected);
		cr_assert_eq(mysql_of(&loaded.config, 0)->server.is_tcp, cases[i].is_tcp);
		config_free(&loaded.config);
	}
}

Test(config, all_that_is_missing_is_reported_at_once)
{
	struct loaded loaded = LOAD("PATH=/bin");

	cr_assert_not(loaded.is_good);
	cr_assert_eq(lines_of(loaded.problems), 3);
	cr_assert_not_null(strstr(loaded.problems, "TICKR_MAX_NODES is not set: it must be a "
						   "whole number from 1 to 1000000000"));
	cr_assert_not_null(strstr(loaded.problems, "TICKR_NODE_NUMBER is not set"));
	cr_assert_not_null(strstr(loaded.problems, "TICKR_STARTING_OFFSET is not set"));
	config_free(&loaded.config);
}

Test(config, an_empty_value_counts_as_not_set)
{
	struct loaded loaded = LOAD(
		"TICKR_MAX_NODES=", "TICKR_NODE_NUMBER=0", "TICKR_STARTING_OFFSET=0",
		"TICKR_MAX_BATCH=", "TICKR_DATABASE_NAME=", "TICKR_LISTEN=", "TICKR_LOG_LEVEL=");

	cr_assert_not(loaded.is_good);
	cr_assert_eq(lines_of(loaded.problems), 1, "%s", loaded.problems);
	cr_assert_not_null(strstr(loaded.problems, "TICKR_MAX_NODES is not set"));
	cr_assert_eq(loaded.config.max_batch, 100000);
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.database, "tickr");
	cr_assert_eq(loaded.config.listen_count, 1);
	cr_assert_eq(loaded.config.log_level, 2);
	config_free(&loaded.config);
}

Test(config, a_bad_value_is_named_with_what_is_allowed)
{
	static const struct {
		const char *setting;
		const char *problem;
	} cases[] = {
		{"TICKR_MAX_NODES=0", "TICKR_MAX_NODES=\"0\" is not allowed: it must be a whole "
				      "number from 1 to 1000000000"},
		{"TICKR_MAX_NODES=1000000001", "a whole number from 1 to 1000000000"},
		{"TICKR_MAX_NODES=ten", "TICKR_MAX_NODES=\"ten\""},
		{"TICKR_MAX_NODES=1\n", "TICKR_MAX_NODES=\"1\\x0a\""},
		{"TICKR_NODE_NUMBER=-1", "a whole number from 0 to 999999999"},
		{"TICKR_STARTING_OFFSET=9223372036854775808", "from 0 to 9223372036854775807"},
		{"TICKR_DATABASE_PORT=0", "a whole number from 1 to 65535"},
		{"TICKR_DATABASE_POOL_SIZE=0", "a whole number from 1 to 1000"},
		{"TICKR_DATABASE_POOL_TIMEOUT=0",
		 "seconds, up to three decimals, from 0.001 to 3600"},
		{"TICKR_DATABASE_POOL_TIMEOUT=0.0001", "seconds, up to three decimals"},
		{"TICKR_DATABASE_CONNECT_TIMEOUT=0.5", "whole seconds from 1 to 3600"},
		{"TICKR_DATABASE_QUERY_TIMEOUT=3601", "whole seconds from 1 to 3600"},
		{"TICKR_DATABASE_SSL_VERIFY=maybe", "one of no, yes"},
		{"TICKR_BATCH_FORMAT=Group", "one of array, group"},
		{"TICKR_BATCH_FORMAT=arr", "one of array, group"},
		{"TICKR_BATCH_FORMAT=array|group", "one of array, group"},
		{"TICKR_LOG_LEVEL=loud", "one of error, warn, info, debug"},
		{"TICKR_MAX_BATCH=1000001", "a whole number from 1 to 1000000"},
		{"TICKR_MAX_WAITING=0", "a whole number from 1 to 1000000"},
		{"TICKR_HTTP_THREADS=257", "a whole number from 1 to 256"},
		{"TICKR_DRAIN_DELAY=3601", "seconds, up to three decimals, from 0 to 3600"},
		{"TICKR_DRAIN_TIMEOUT=soon", "seconds, up to three decimals, from 0 to 3600"},
		{"TICKR_DATABASE_HOST=a b",
		 "TICKR_DATABASE_HOST=\"a b\" is not allowed: it must be "
		 "a name, an address, host:port"},
		{"TICKR_DATABASE_NAME=a`b", "1 to 64 characters, none of them a backquote"},
		{"TICKR_DATABASE_NAME="
		 "12345678901234567890123456789012345678901234567890123456789012345",
		 "1 to 64 characters"},
		{"TICKR_LISTEN=127.0.0.1:1,8080",
		 "TICKR_LISTEN: number 2, \"8080\": an address is missing before the port"},
		{"TICKR_DATABASE_SSL_CA=/nowhere/ca.pem",
		 "TICKR_DATABASE_SSL_CA=/nowhere/ca.pem cannot be read: No such file or directory"},
		{"TICKR_DATABASE_SSL_CERT=/dev/null", "set both or neither"},
		{"TICKR_DATABASE_SSL_KEY=/dev/null", "set both or neither"},
		{"TICKR_DATABASE_PASSWORD_FILE=/nowhere/pw",
		 "TICKR_DATABASE_PASSWORD_FILE=/nowhere/pw cannot be read: No such file or "
		 "directory"},
		{"TICKR_HTTP_AUTH_PASSWORD=", "TICKR_HTTP_AUTH_PASSWORD is set and empty"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct loaded loaded = LOAD(REQUIRED, cases[i].setting);

		cr_assert_not(loaded.is_good, "%s", cases[i].setting);
		cr_assert_not_null(strstr(loaded.problems, cases[i].problem), "%s: %s",
				   cases[i].setting, loaded.problems);
		cr_assert_leq(lines_of(loaded.problems), 2, "%s", loaded.problems);
		config_free(&loaded.config);
	}
}

Test(config, everything_bad_is_reported_in_one_run)
{
	struct loaded loaded =
		LOAD("TICKR_MAX_NODES=x", "TICKR_NODE_NUMBER=x", "TICKR_DATABASE_PORT=x",
		     "TICKR_LISTEN=x", "TICKR_DATABASE_HOST=,", "TICKR_LOG_LEVEL=x");
	static const char *const names[] = {
		"TICKR_MAX_NODES=",	"TICKR_NODE_NUMBER=", "TICKR_STARTING_OFFSET",
		"TICKR_DATABASE_PORT=", "TICKR_LISTEN=",      "TICKR_DATABASE_HOST=",
		"TICKR_LOG_LEVEL="};

	cr_assert_not(loaded.is_good);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		cr_assert_not_null(strstr(loaded.problems, names[i]), "%s", names[i]);
	config_free(&loaded.config);
}

Test(config, a_node_number_must_be_below_the_nodes)
{
	static const struct {
		const char *node;
		bool is_good;
	} cases[] = {
		{"TICKR_NODE_NUMBER=0", true},
		{"TICKR_NODE_NUMBER=9", true},
		{"TICKR_NODE_NUMBER=10", false},
		{"TICKR_NODE_NUMBER=11", false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct loaded loaded =
			LOAD("TICKR_MAX_NODES=10", cases[i].node, "TICKR_STARTING_OFFSET=0");

		cr_assert_eq(loaded.is_good, cases[i].is_good, "%s", cases[i].node);
		if (!cases[i].is_good)
			cr_assert_not_null(strstr(loaded.problems,
						  "must be below TICKR_MAX_NODES, which is 10"));
		config_free(&loaded.config);
	}
}

Test(config, a_variable_nobody_knows_is_a_warning_that_names_the_nearest)
{
	struct loaded loaded = LOAD(REQUIRED, "TICKR_MAX_BACTH=5", "TICKRS=1", "HOME=/root",
				    "TICKR_x\n=1", "tickr_listen=1", "TICKRD_LISTEN=2", "tickr=3");

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(lines_of(loaded.warnings), 4, "%s", loaded.warnings);
	cr_assert_not_null(strstr(loaded.warnings, "\"TICKR_MAX_BACTH\" is not a variable of "
						   "tickrd; did you mean TICKR_MAX_BATCH?\n"));
	cr_assert_not_null(strstr(loaded.warnings, "\"TICKR_x\\x0a\""));
	cr_assert_not_null(strstr(loaded.warnings, "\"tickr_listen\" is not a variable of tickrd; "
						   "did you mean TICKR_LISTEN?"));
	cr_assert_not_null(strstr(loaded.warnings, "\"TICKRD_LISTEN\" is not a variable of tickrd; "
						   "did you mean TICKR_LISTEN?"));
	config_free(&loaded.config);
}

Test(config, variables_of_a_kubernetes_service_are_ignored_with_one_warning)
{
	char *path = make_file("TICKR_DATABASE_PORT=4000\n");
	const char *environment[] = {REQUIRED,
				     "TICKR_DATABASE_PORT=tcp://10.96.0.12:3306",
				     "TICKR_DATABASE_PORT_3306_TCP=tcp://10.96.0.12:3306",
				     "TICKR_SERVICE_HOST=10.96.0.13",
				     "TICKR_SERVICE_PORT=8080",
				     NULL};
	struct loaded loaded = load(path, environment);

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(mysql_of(&loaded.config, 0)->server.address.port, 4000);
	cr_assert_str_eq(
		loaded.warnings,
		"Kubernetes or Docker made TICKR_DATABASE_PORT, "
		"TICKR_DATABASE_PORT_3306_TCP, TICKR_SERVICE_HOST, TICKR_SERVICE_PORT for a "
		"service, so they are ignored as settings. To remove them set "
		"enableServiceLinks: false in the pod's spec, or rename the service, so that its "
		"name does not begin with tickr\n");
	config_free(&loaded.config);
	remove_file(path);
}

Test(config, of_very_many_services_some_are_named)
{
	const char *environment[3 + 100 + 1] = {REQUIRED};
	char names[100][64];
	struct loaded loaded;

	for (size_t i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "TICKR_NUMBER_%zu_SERVICE_HOST=1", i);
		environment[3 + i] = names[i];
	}
	loaded = load(NULL, environment);
	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(lines_of(loaded.warnings), 1);
	cr_assert_not_null(strstr(loaded.warnings, "TICKR_NUMBER_19_SERVICE_HOST and "), "%s",
			   loaded.warnings);
	cr_assert_not_null(strstr(loaded.warnings, " more for a service"), "%s", loaded.warnings);
	config_free(&loaded.config);
}

Test(config, bytes_that_are_hardly_ever_meant_are_warned_of)
{
	static const struct {
		const char *setting;
		const char *warning;
	} cases[] = {
		{"TICKR_DATABASE_PASSWORD=" SECRET "\n",
		 "TICKR_DATABASE_PASSWORD ends in a newline, and tickrd takes it as a part of the "
		 "password\n"},
		{"TICKR_DATABASE_PASSWORD=" SECRET "\r",
		 "TICKR_DATABASE_PASSWORD ends in a carriage return"},
		{"TICKR_DATABASE_PASSWORD=" SECRET " ", "TICKR_DATABASE_PASSWORD ends in a blank"},
		{"TICKR_DATABASE_PASSWORD= " SECRET, "TICKR_DATABASE_PASSWORD begins with a blank"},
		{"TICKR_HTTP_AUTH_PASSWORD=\xef\xbb\xbf" SECRET,
		 "TICKR_HTTP_AUTH_PASSWORD begins with a byte order mark"},
		{"TICKR_HTTP_AUTH_PASSWORD=" SECRET "\n",
		 "TICKR_HTTP_AUTH_PASSWORD ends in a newline"},
		{"TICKR_DATABASE_USERNAME=tickr\n",
		 "TICKR_DATABASE_USERNAME ends in a newline, and tickrd takes it as a part of the "
		 "value\n"},
		{"TICKR_DATABASE_NAME=tickr\r", "TICKR_DATABASE_NAME ends in a carriage return"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct loaded loaded = LOAD(REQUIRED, cases[i].setting);

		cr_assert(loaded.is_good, "%s", loaded.problems);
		cr_assert_eq(strncmp(loaded.warnings, cases[i].warning, strlen(cases[i].warning)),
			     0, "%s", loaded.warnings);
		cr_assert_null(strstr(loaded.warnings, SECRET));
		config_free(&loaded.config);
	}
}

Test(config, a_number_with_a_newline_is_refused_for_that)
{
	struct loaded loaded = LOAD(REQUIRED, "TICKR_MAX_BATCH=5\n");

	cr_assert_not(loaded.is_good);
	cr_assert_not_null(strstr(loaded.problems, "; the value ends in a newline\n"), "%s",
			   loaded.problems);
	config_free(&loaded.config);
}

Test(config, entries_that_are_no_assignments_are_passed_over)
{
	struct loaded loaded = LOAD(REQUIRED, "TICKR_MAX_BATCH", "", "=x");

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(loaded.config.max_batch, 100000);
	config_free(&loaded.config);
}

/* --- files ------------------------------------------------------------------------------------ */

Test(config, the_environment_goes_before_the_file)
{
	char *path = make_file("# ours\nTICKR_MAX_NODES=20\nTICKR_NODE_NUMBER='4'\n"
			       "TICKR_STARTING_OFFSET=0\nTICKR_MAX_BATCH=7\nOTHER=1\n");
	const char *environment[] = {"TICKR_MAX_NODES=30", NULL};
	struct loaded loaded = load(path, environment);

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(loaded.config.max_nodes, 30);
	cr_assert_eq(loaded.config.databases[0].space.node_number, 4);
	cr_assert_eq(loaded.config.max_batch, 7);
	config_free(&loaded.config);
	remove_file(path);
}

Test(config, a_variable_that_a_file_has_twice_is_warned_of)
{
	char *path = make_file("TICKR_MAX_BATCH=7\nTICKR_DATABASE_PASSWORD=" SECRET
			       "\nTICKR_MAX_BATCH=8\nTICKR_DATABASE_PASSWORD=" SECRET "\n");
	const char *environment[] = {REQUIRED, NULL};
	struct loaded loaded = load(path, environment);

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(loaded.config.max_batch, 8);
	cr_assert_str_eq(loaded.warnings,
			 "--env-file has TICKR_MAX_BATCH more than once; the last one counts\n"
			 "--env-file has TICKR_DATABASE_PASSWORD more than once; the last one "
			 "counts\n");
	config_free(&loaded.config);
	remove_file(path);
}

Test(config, an_empty_value_does_not_hide_the_one_in_the_file)
{
	char *path = make_file("TICKR_MAX_BATCH=7\n");
	const char *const environment[] = {REQUIRED, "TICKR_MAX_BATCH=", NULL};
	struct loaded loaded = load(path, environment);

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(loaded.config.max_batch, 7);
	config_free(&loaded.config);
	remove_file(path);
}

Test(config, a_password_that_no_client_could_send_is_refused)
{
	char variable[sizeof("TICKR_HTTP_AUTH_PASSWORD=") + 300] = "TICKR_HTTP_AUTH_PASSWORD=";
	struct loaded loaded;

	memset(variable + strlen(variable), 'x', 257);
	loaded = LOAD(REQUIRED, variable);
	cr_assert_not(loaded.is_good);
	cr_assert_str_eq(loaded.problems,
			 "TICKR_HTTP_AUTH_PASSWORD is longer than the 256 bytes allowed\n");
	config_free(&loaded.config);
}

Test(config, a_bad_file_is_a_problem_with_its_name_and_line)
{
	char *path = make_file("TICKR_MAX_BATCH=7\nTICKR_MAX_WAITING\n");
	const char *environment[] = {REQUIRED, NULL};
	struct loaded loaded = load(path, environment);

	cr_assert_not(loaded.is_good);
	cr_assert_not_null(strstr(loaded.problems, path));
	cr_assert_not_null(strstr(loaded.problems, "line 2 is not NAME=value"));
	config_free(&loaded.config);
	remove_file(path);
}

Test(config, a_file_that_cannot_be_read_is_a_problem)
{
	static const struct {
		const char *path;
		const char *problem;
	} cases[] = {
		{"/nowhere/tickrd.env", "cannot be read: No such file or directory"},
		{"/", "cannot be read: Is a directory"},
		{"/dev/zero", "cannot be read: it is larger than 65536 bytes"},
	};
	const char *environment[] = {REQUIRED, NULL};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct loaded loaded = load(cases[i].path, environment);

		cr_assert_not(loaded.is_good);
		cr_assert_not_null(strstr(loaded.problems, cases[i].problem), "%s",
				   loaded.problems);
		config_free(&loaded.config);
	}
}

Test(config, a_password_may_come_from_a_file)
{
	static const char *const contents[] = {SECRET, SECRET "\n", SECRET "\r\n", SECRET "\n\n"};

	for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
		char *path = make_file(contents[i]);
		char database[128], http[128];
		struct loaded loaded;

		snprintf(database, sizeof(database), "TICKR_DATABASE_PASSWORD_FILE=%s", path);
		snprintf(http, sizeof(http), "TICKR_HTTP_AUTH_PASSWORD_FILE=%s", path);
		loaded = LOAD(REQUIRED, database, http);
		cr_assert(loaded.is_good, "%s", loaded.problems);
		cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.password, SECRET);
		cr_assert_str_eq(loaded.config.http_auth_password, SECRET);
		config_free(&loaded.config);
		remove_file(path);
	}
}

Test(config, blanks_of_a_password_file_belong_to_the_password)
{
	char *path = make_file(" " SECRET " \n");
	char setting[128];
	struct loaded loaded;

	snprintf(setting, sizeof(setting), "TICKR_DATABASE_PASSWORD_FILE=%s", path);
	loaded = LOAD(REQUIRED, setting);
	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.password, " " SECRET " ");
	config_free(&loaded.config);
	remove_file(path);
}

Test(config, bytes_of_a_password_file_that_are_hardly_ever_meant_are_warned_of)
{
	static const struct {
		const char *content;
		const char *warning; /* behind the path */
	} cases[] = {
		{SECRET " \n",
		 ": line 1 ends in a blank, and tickrd takes it as a part of the password\n"},
		{"\xef\xbb\xbf" SECRET "\n", ": line 1 begins with a byte order mark"},
		{"\t" SECRET, ": line 1 begins with a blank"},
		{SECRET "\n" SECRET "\t\n", ": line 2 ends in a blank"},
		{SECRET "\r\n" SECRET "\r\n", NULL},
		{SECRET "\n", NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *path = make_file(cases[i].content);
		char setting[128];
		struct loaded loaded;

		snprintf(setting, sizeof(setting), "TICKR_DATABASE_PASSWORD_FILE=%s", path);
		loaded = LOAD("TICKR_MAX_NODES=10", "TICKR_NODE_NUMBER=3,4",
			      "TICKR_STARTING_OFFSET=1", "TICKR_DATABASE_HOST=a,b", setting);
		cr_assert(loaded.is_good, "%s", loaded.problems);
		if (cases[i].warning == NULL)
			cr_assert_str_empty(loaded.warnings);
		else
			cr_assert_not_null(strstr(loaded.warnings, cases[i].warning), "%s",
					   loaded.warnings);
		cr_assert_null(strstr(loaded.warnings, SECRET));
		config_free(&loaded.config);
		remove_file(path);
	}
}

/* The writer of a pipe may come late; a pipe that nobody writes to does not hold up the start. */
Test(config, a_pipe_is_read_and_waited_for_in_vain_only_so_long)
{
	char *path = make_file("");
	char setting[128];
	struct loaded loaded;
	int fd;

	unlink(path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	snprintf(setting, sizeof(setting), "TICKR_DATABASE_PASSWORD_FILE=%s", path);
	if (fork() == 0) {
		fd = open(path, O_WRONLY);
		_exit(write(fd, SECRET "\n", strlen(SECRET) + 1) < 0);
	}
	loaded = LOAD(REQUIRED, setting);
	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.password, SECRET);
	config_free(&loaded.config);

	loaded = LOAD(REQUIRED, setting);
	cr_assert_not(loaded.is_good);
	cr_assert_not_null(strstr(loaded.problems,
				  "cannot be read: it is a pipe, and its writer did not end within "
				  "5 seconds"),
			   "%s", loaded.problems);
	config_free(&loaded.config);
	remove_file(path);
}

Test(config, a_certificate_that_is_no_file_is_refused)
{
	struct loaded loaded = LOAD(REQUIRED, "TICKR_DATABASE_SSL_CA=/");

	cr_assert_not(loaded.is_good);
	cr_assert_str_eq(loaded.problems, "TICKR_DATABASE_SSL_CA=/ is not a file\n");
	config_free(&loaded.config);
}

Test(config, a_password_file_of_no_line_or_several_is_refused)
{
	static const char *const contents[] = {"", "\n", SECRET "\nsecond", ("\n" SECRET)};

	for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
		char *path = make_file(contents[i]);
		char setting[128];
		struct loaded loaded;

		snprintf(setting, sizeof(setting), "TICKR_HTTP_AUTH_PASSWORD_FILE=%s", path);
		loaded = LOAD(REQUIRED, setting);
		cr_assert_not(loaded.is_good);
		cr_assert_not_null(strstr(loaded.problems, "must hold the password on one line"));
		cr_assert_null(strstr(loaded.problems, SECRET));
		config_free(&loaded.config);
		remove_file(path);
	}
}

Test(config, a_password_and_its_file_do_not_go_together)
{
	struct loaded loaded =
		LOAD(REQUIRED, "TICKR_DATABASE_PASSWORD=" SECRET,
		     "TICKR_DATABASE_PASSWORD_FILE=/dev/null", "TICKR_HTTP_AUTH_PASSWORD=" SECRET,
		     "TICKR_HTTP_AUTH_PASSWORD_FILE=/dev/null");

	cr_assert_not(loaded.is_good);
	cr_assert_eq(lines_of(loaded.problems), 2, "%s", loaded.problems);
	cr_assert_not_null(strstr(loaded.problems,
				  "TICKR_DATABASE_PASSWORD and TICKR_DATABASE_PASSWORD_FILE are "
				  "both set"));
	cr_assert_null(strstr(loaded.problems, SECRET));
	config_free(&loaded.config);
}

Test(config, passwords_are_never_shown)
{
	char *path = make_file("TICKR_DATABASE_PASSWORD=" SECRET
			       "\nTICKR_HTTP_AUTH_PASSWORD='" SECRET "\n");
	const char *environment[] = {"TICKR_DATABASE_PASSWORD=" SECRET, "TICKR_MAX_NODES=x", NULL};
	struct loaded loaded = load(path, environment);

	cr_assert_not(loaded.is_good);
	cr_assert_null(strstr(loaded.problems, SECRET), "%s", loaded.problems);
	cr_assert_null(strstr(loaded.warnings, SECRET), "%s", loaded.warnings);
	config_free(&loaded.config);
	remove_file(path);
}

/* --- several databases ------------------------------------------------------------------------ */

#define TWO                                                                                    \
	"TICKR_MAX_NODES=10", "TICKR_STARTING_OFFSET=326", "TICKR_DATABASE_HOST=db1,db2:3307", \
		"TICKR_NODE_NUMBER=3,4"

Test(config, each_of_several_databases_is_a_node)
{
	struct loaded loaded = LOAD(
		"TICKR_MAX_NODES=10", "TICKR_STARTING_OFFSET=326", "TICKR_DATABASE_PORT=4000",
		"TICKR_DATABASE_HOST=db1,db2:3307,[::1]:5,/run/d", "TICKR_NODE_NUMBER=3,0,9,4");
	static const char *const labels[] = {"db1:4000", "db2:3307", "[::1]:5", "/run/d"};
	static const uint64_t nodes[] = {3, 0, 9, 4};

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(loaded.config.database_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct store_settings *database = &loaded.config.databases[i];
		const struct server *server = &mysql_of(&loaded.config, i)->server;

		cr_assert_str_eq(database->name, labels[i]);
		cr_assert_eq(database->space.node_number, nodes[i]);
		cr_assert_eq(database->space.max_nodes, 10);
		cr_assert_eq(database->space.starting_offset, 326);
		cr_assert_str_eq(server->user, "root");
		cr_assert_str_eq(server->password, "");
		cr_assert_str_eq(server->database, "tickr");
	}
	config_free(&loaded.config);
}

Test(config, a_setting_of_a_database_is_set_once_or_for_each)
{
	struct loaded loaded =
		LOAD(TWO, "TICKR_DATABASE_USERNAME=a,b", "TICKR_DATABASE_PASSWORD=one",
		     "TICKR_DATABASE_NAME=x,y", "TICKR_DATABASE_POLICY=failover");

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_eq(loaded.config.database_policy, DATABASE_POLICY_FAILOVER);
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.user, "a");
	cr_assert_str_eq(mysql_of(&loaded.config, 1)->server.user, "b");
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.password, "one");
	cr_assert_str_eq(mysql_of(&loaded.config, 1)->server.password, "one");
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.database, "x");
	cr_assert_str_eq(mysql_of(&loaded.config, 1)->server.database, "y");
	config_free(&loaded.config);
}

Test(config, with_one_database_a_comma_belongs_to_the_password)
{
	struct loaded loaded = LOAD(REQUIRED, "TICKR_DATABASE_PASSWORD=a,b");

	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.password, "a,b");
	config_free(&loaded.config);
}

Test(config, a_password_file_has_a_line_for_all_or_for_each)
{
	static const struct {
		const char *content;
		const char *first;
		const char *second;
	} cases[] = {
		{"a,b\n", "a,b", "a,b"},   {"a,b\nc,d\n", "a,b", "c,d"}, {"a\r\nb\r\n", "a", "b"},
		{"a\nb\nc\n", NULL, NULL}, {"a\n\nb\n", NULL, NULL},	 {"", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *path = make_file(cases[i].content);
		char setting[128];
		struct loaded loaded;

		snprintf(setting, sizeof(setting), "TICKR_DATABASE_PASSWORD_FILE=%s", path);
		loaded = LOAD(TWO, setting);
		cr_assert_eq(loaded.is_good, cases[i].first != NULL, "%zu: %s", i, loaded.problems);
		if (cases[i].first != NULL) {
			cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.password,
					 cases[i].first);
			cr_assert_str_eq(mysql_of(&loaded.config, 1)->server.password,
					 cases[i].second);
		}
		config_free(&loaded.config);
		remove_file(path);
	}
}

Test(config, there_may_be_a_password_file_for_each)
{
	char *paths[] = {make_file("a,a\n"), make_file("b\n")};
	char setting[256];
	struct loaded loaded;

	snprintf(setting, sizeof(setting), "TICKR_DATABASE_PASSWORD_FILE=%s,%s", paths[0],
		 paths[1]);
	loaded = LOAD(TWO, setting);
	cr_assert(loaded.is_good, "%s", loaded.problems);
	cr_assert_str_eq(mysql_of(&loaded.config, 0)->server.password, "a,a");
	cr_assert_str_eq(mysql_of(&loaded.config, 1)->server.password, "b");
	config_free(&loaded.config);
	remove_file(paths[0]);
	remove_file(paths[1]);
}

Test(config, databases_that_do_not_fit_together_are_refused)
{
	static const struct {
		const char *setting;
		const char *problem;
	} cases[] = {
		{"TICKR_NODE_NUMBER=3",
		 "TICKR_NODE_NUMBER has 1 numbers, and TICKR_DATABASE_HOST names 2 databases"},
		{"TICKR_NODE_NUMBER=3,4,5", "TICKR_NODE_NUMBER has 3 numbers"},
		{"TICKR_NODE_NUMBER=3,3", "TICKR_NODE_NUMBER has 3 twice"},
		{"TICKR_NODE_NUMBER=3,10", "must be below TICKR_MAX_NODES, which is 10"},
		{"TICKR_NODE_NUMBER=3,", "TICKR_NODE_NUMBER=\"3,\" is not allowed"},
		{"TICKR_DATABASE_HOST=db1,db1", "databases number 1 and 2 are the same"},
		{"TICKR_DATABASE_HOST=db1,",
		 "number 2, \"\": an address is missing between the commas"},
		{"TICKR_DATABASE_HOST=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16 of them"},
		{"TICKR_DATABASE_HOST=db1", "TICKR_DATABASE_HOST names 1 databases"},
		{"TICKR_DATABASE_USERNAME=a,b,c", "TICKR_DATABASE_USERNAME has 3 names"},
		{"TICKR_DATABASE_USERNAME=a,",
		 "TICKR_DATABASE_USERNAME: number 2 of its names is empty"},
		{"TICKR_DATABASE_PASSWORD_FILE=,/a",
		 "TICKR_DATABASE_PASSWORD_FILE: number 1 of its files is empty"},
		{"TICKR_DATABASE_NAME=a,b,c", "TICKR_DATABASE_NAME has 3 names"},
		{"TICKR_DATABASE_NAME=a,", "TICKR_DATABASE_NAME=\"a,\" is not allowed"},
		{"TICKR_DATABASE_PASSWORD=a,b,c", "TICKR_DATABASE_PASSWORD has 3 passwords"},
		{"TICKR_DATABASE_PASSWORD_FILE=/dev/null,/dev/null,/dev/null",
		 "TICKR_DATABASE_PASSWORD_FILE has 3 files"},
		{"TICKR_DATABASE_POLICY=random", "one of round-robin, failover"},
		{"TICKR_CONTROL_SOCKET=here", "the absolute path of a Unix socket, 107 bytes"},
		{"TICKR_CONTROL_SOCKET=here",
		 "TICKR_CONTROL_SOCKET: the path of a Unix socket begins with a slash"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct loaded loaded = LOAD(TWO, cases[i].setting);

		cr_assert_not(loaded.is_good, "%s", cases[i].setting);
		cr_assert_not_null(strstr(loaded.problems, cases[i].problem), "%s: %s",
				   cases[i].setting, loaded.problems);
		config_free(&loaded.config);
	}
}
