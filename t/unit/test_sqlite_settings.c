#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "loaded.h"
#include "base/attributes.h"
#include "store/drivers.h"

#define SQLITE                                                                    \
	"TICKR_MAX_NODES=10", "TICKR_NODE_NUMBER=3", "TICKR_STARTING_OFFSET=326", \
		"TICKR_DATABASE_ADAPTER=sqlite"

Test(sqlite_settings, with_sqlite_the_name_is_a_path)
{
	static const struct {
		const char *name;
		const char *state_dir;
		const char *path;
	} cases[] = {
		{"TICKR_DATABASE_NAME=", "TICKR_STATE_DIR=", "./tickr.db"},
		{"TICKR_DATABASE_NAME=", "TICKR_STATE_DIR=/var/lib/tickr",
		 "/var/lib/tickr/tickr.db"},
		{"TICKR_DATABASE_NAME=ids.db", "TICKR_STATE_DIR=", "./ids.db"},
		{"TICKR_DATABASE_NAME=ids.db", "TICKR_STATE_DIR=state", "state/ids.db"},
		{"TICKR_DATABASE_NAME=/srv/ids", "TICKR_STATE_DIR=/var/lib/tickr", "/srv/ids"},
		{"TICKR_DATABASE_NAME=:memory:", "TICKR_STATE_DIR=", "./:memory:"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct loaded loaded = LOAD(SQLITE, cases[i].name, cases[i].state_dir);

		cr_assert(loaded.is_good, "%s", loaded.problems);
		cr_assert_eq(loaded.config.store, &sqlite_store);
		cr_assert_str_eq(loaded.config.databases[0].name, cases[i].path);
		config_free(&loaded.config);
	}
}

Test(sqlite_settings, a_path_that_is_too_long_is_refused)
{
	char name[600] = "TICKR_DATABASE_NAME=/";
	struct loaded loaded;

	memset(name + strlen(name), 'x', 500);
	loaded = LOAD(SQLITE, name);
	cr_assert_not(loaded.is_good);
	cr_assert_not_null(strstr(loaded.problems, "With sqlite, a path of at most 500 bytes"));
	config_free(&loaded.config);
}

Test(sqlite_settings, with_sqlite_there_is_one_node)
{
	struct loaded loaded = LOAD(SQLITE, "TICKR_NODE_NUMBER=3,4");

	cr_assert_not(loaded.is_good);
	cr_assert_not_null(
		strstr(loaded.problems,
		       "TICKR_NODE_NUMBER has 2 numbers, and TICKR_DATABASE_ADAPTER=sqlite has one "
		       "database: set one number\n"),
		"%s", loaded.problems);
	config_free(&loaded.config);
}

Test(sqlite_settings, with_sqlite_each_variable_of_a_server_is_refused)
{
	static const char *const settings[] = {
		"TICKR_DATABASE_HOST=localhost",	  "TICKR_DATABASE_PORT=3306",
		"TICKR_DATABASE_USERNAME=root",		  "TICKR_DATABASE_PASSWORD=" SECRET,
		"TICKR_DATABASE_PASSWORD_FILE=/dev/null", "TICKR_DATABASE_SSL_CA=/dev/null",
		"TICKR_DATABASE_SSL_CERT=/dev/null",	  "TICKR_DATABASE_SSL_KEY=/dev/null",
		"TICKR_DATABASE_SSL_VERIFY=yes",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
		struct loaded loaded = LOAD(SQLITE, settings[i]);
		char expected[128];

		snprintf(expected, sizeof(expected),
			 "%.*s is set, and TICKR_DATABASE_ADAPTER=sqlite does not use it",
			 (int)strcspn(settings[i], "="), settings[i]);
		cr_assert_not(loaded.is_good);
		cr_assert_not_null(strstr(loaded.problems, expected), "%s", loaded.problems);
		cr_assert_null(strstr(loaded.problems, SECRET));
		config_free(&loaded.config);
	}
}

Test(sqlite_settings, with_sqlite_empty_variables_of_a_server_are_allowed)
{
	struct loaded loaded = LOAD(SQLITE, "TICKR_DATABASE_HOST=", "TICKR_DATABASE_PASSWORD=");

	cr_assert(loaded.is_good, "%s", loaded.problems);
	config_free(&loaded.config);
}
