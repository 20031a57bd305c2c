#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "base/memory.h"
#include "config/key_table.h"
#include "store/drivers.h"
#include "store/server.h"
#include "ticket/database.h"

/* 107 bytes, the longest path of a Unix socket. */
#define TEN	     "/123456789"
#define LONGEST_PATH TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "/123456"

/* --- one address ----------------------------------------------------------------------------- */

Test(store_server, addresses_are_hosts_ports_and_sockets)
{
	static const struct {
		const char *text;
		struct server_address address;
	} cases[] = {
		{"localhost", {"localhost", 0, ""}},
		{"db-1.example.org", {"db-1.example.org", 0, ""}},
		{"db:3307", {"db", 3307, ""}},
		{"10.0.0.1", {"10.0.0.1", 0, ""}},
		{"10.0.0.1:65535", {"10.0.0.1", 65535, ""}},
		{"::1", {"::1", 0, ""}},
		{"fd00::12:3306", {"fd00::12:3306", 0, ""}},
		{"[::1]", {"::1", 0, ""}},
		{"[fd00::1]:3306", {"fd00::1", 3306, ""}},
		{"/run/mysqld/mysqld.sock", {"", 0, "/run/mysqld/mysqld.sock"}},
		{"/a:b", {"", 0, "/a:b"}},
		{LONGEST_PATH, {"", 0, LONGEST_PATH}},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct server_address address;

		cr_assert_null(server_address_parse(cases[i].text, &address), "%s", cases[i].text);
		cr_assert_str_eq(address.host, cases[i].address.host);
		cr_assert_eq(address.port, cases[i].address.port, "%s", cases[i].text);
		cr_assert_str_eq(address.socket, cases[i].address.socket);
	}
}

Test(store_server, impossible_addresses_are_refused)
{
	static const char *const cases[] = {
		"",	   ":3306",	   "db:",
		"db:0",	   "db:65536",	   "db:3306x",
		"db:1:2",  "db 1",	   " db",
		"a,b",	   "db/name",	   "db:3306/name",
		"[::1",	   "[::1]x",	   "[::1]:",
		"[::1]:0", "[::1]:x",	   "[db]:3306",
		"[]",	   "[10.0.0.1]:1", LONGEST_PATH "x",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct server_address address;

		cr_assert_not_null(server_address_parse(cases[i], &address), "%s", cases[i]);
	}
}

Test(store_server, a_long_host_name_is_refused)
{
	char name[SERVER_HOST_SIZE + 1];
	struct server_address address;

	memset(name, 'h', sizeof(name));
	name[SERVER_HOST_SIZE] = '\0';
	cr_assert_not_null(server_address_parse(name, &address));
	name[SERVER_HOST_SIZE - 1] = '\0';
	cr_assert_null(server_address_parse(name, &address));
	cr_assert_str_eq(address.host, name);
}

/* --- several servers -------------------------------------------------------------------------- */

/* The settings of an operator, and the results of servers_parse(). */
struct set {
	struct store_given given;
	const char *hosts;   /* separated by commas */
	const char *port;    /* NULL: not set */
	const char *name;    /* NULL: not set */
	char host[512];	     /* the last result of text() */
	const char *refused; /* a variable */
	char words[1024];    /* why it is refused */
	char problem_memory[1024];
	struct text problems;
	struct server servers[MOST_DATABASES];
	size_t count;
};

static const char *
text_of(const struct store_given *given, const char *variable, size_t database)
{
	struct set *set = CONTAINER_OF(given, struct set, given);
	const char *host = set->hosts;
	struct text text = TEXT_OVER(set->host);

	if (strcmp(variable, "TICKR_DATABASE_PORT") == 0)
		return set->port != NULL ? set->port : "3306";
	if (strcmp(variable, "TICKR_DATABASE_NAME") == 0)
		return set->name != NULL ? set->name : "tickr";
	if (strcmp(variable, "TICKR_DATABASE_HOST") != 0)
		return variable;
	while (database-- > 0)
		host = strchr(host, ',') + 1;
	text_add_bytes(&text, host, strcspn(host, ","));
	return set->host;
}

static bool
is_set(const struct store_given *given, const char *variable)
{
	return strcmp(variable, "TICKR_DATABASE_PORT") == 0 &&
	       CONTAINER_OF(given, struct set, given)->port != NULL;
}

static void
refuse(const struct store_given *given, const char *variable, const char *words)
{
	struct set *set = CONTAINER_OF(given, struct set, given);

	set->refused = variable;
	strcpy(set->words, words != NULL ? words : "");
}

static void
parse(struct set *set)
{
	struct server *servers[MOST_DATABASES];

	set->problems = TEXT_OVER(set->problem_memory);
	set->given = (struct store_given){text_of, is_set, refuse, &set->problems};
	set->count = 1;
	for (const char *at = set->hosts; (at = strchr(at, ',')) != NULL; at++)
		set->count++;
	for (size_t i = 0; i < set->count; i++)
		servers[i] = &set->servers[i];
	servers_parse(&set->given, servers, set->count);
}

static void
forget(struct set *set)
{
	for (size_t i = 0; i < set->count; i++)
		server_forget(&set->servers[i]);
}

Test(store_server, every_bad_address_is_named_with_the_reason)
{
	static const struct {
		const char *list;
		const char *problem;
	} cases[] = {
		{"db:0", "number 1, \"db:0\": the port must be a number from 1 to 65535"},
		{"db,",
		 "number 2, \"\": an address is missing between the commas or after the last one"},
		{"a,db\r", "number 2, \"db\\x0d\": it has a control character, such as a carriage "
			   "return at its end"},
		{"a, b", "number 2, \" b\": it begins or ends in a blank: remove the blank"},
		{"tcp://db:3306", "number 1, \"tcp://db:3306\": remove the scheme and the //"},
		{"[fe80::1%eth0]:1", "number 1, \"[fe80::1%eth0]:1\": a zone (after the %) is not "
				     "supported: remove it, or use another address"},
		{"fe80::1%eth0", "number 1, \"fe80::1%eth0\": a zone (after the %) is not "
				 "supported: remove it, or use another address"},
		{"fe80::12345:1", "number 1, \"fe80::12345:1\": write an IPv6 address with a port "
				  "in brackets: [::1]:3306"},
		{"[::1]x", "number 1, \"[::1]x\": only a colon and a port may follow the bracket"},
		{"db/name", "number 1, \"db/name\": a host has no blank and no slash. The path of "
			    "a socket begins with a slash"},
		{"unix:/run/d",
		 "number 1, \"unix:/run/d\": remove unix: before the path of the socket"},
		{LONGEST_PATH "x",
		 "number 1, \"" LONGEST_PATH "x\": the path has more than the 107 bytes that the "
		 "system allows for a Unix socket"},
		{"db:0,b,:1",
		 "number 1, \"db:0\": the port must be a number from 1 to 65535; number "
		 "3, \":1\": a name or an address is missing before the port"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct set set = {.hosts = cases[i].list};

		parse(&set);
		cr_assert_str_eq(set.refused, "TICKR_DATABASE_HOST");
		cr_assert_str_eq(set.words, cases[i].problem, "%s: %s", cases[i].list, set.words);
		forget(&set);
	}
}

Test(store_server, each_database_has_its_address_and_a_name_for_the_log)
{
	struct set set = {.hosts = "localhost,db:1,[::1],/run/d", .port = NULL};
	static const char *const labels[] = {"localhost", "db:1", "[::1]:3306", "/run/d"};
	static const bool are_tcp[] = {false, true, true, false};

	parse(&set);
	cr_assert_null(set.refused);
	cr_assert_eq(set.problems.len, 0);
	for (size_t i = 0; i < set.count; i++) {
		cr_assert_str_eq(set.servers[i].label, labels[i]);
		cr_assert_eq(set.servers[i].is_tcp, are_tcp[i], "%s", labels[i]);
		cr_assert_str_eq(set.servers[i].user, "TICKR_DATABASE_USERNAME");
		cr_assert_str_eq(set.servers[i].password, "TICKR_DATABASE_PASSWORD");
		cr_assert_str_eq(set.servers[i].database, "tickr");
	}
	forget(&set);
}

Test(store_server, the_same_database_twice_is_refused)
{
	static const struct {
		const char *hosts;
		bool is_good;
	} cases[] = {
		{"db,db:3306", false},
		{"db,db:3307", true},
		{"/run/d,/run/d", false},
		{"/run/d,/run/e", true},
		{"localhost,localhost:3306", false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct set set = {.hosts = cases[i].hosts};

		parse(&set);
		cr_assert_eq(set.problems.len == 0, cases[i].is_good, "%s", cases[i].hosts);
		forget(&set);
	}
}

Test(store_server, an_impossible_database_name_is_refused)
{
	struct set set = {.hosts = "db", .name = "a`b"};

	parse(&set);
	cr_assert_str_eq(set.refused, "TICKR_DATABASE_NAME");
	forget(&set);
}

/* --- the stores ------------------------------------------------------------------------------- */

#define COUNT_DRIVER(name, is_built, meaning) +1

Test(store_server, stores_read_only_variables_of_stores)
{
	for (unsigned driver = 0; driver < 0 DRIVERS(COUNT_DRIVER); driver++) {
		const struct store *store = driver_store(driver);

		cr_assert_str_not_empty(driver_name(driver));
		if (store == NULL)
			continue;
		cr_assert_str_eq(store->name, driver_name(driver));
		for (const char *const *variable = store->variables; *variable != NULL;
		     variable++) {
			const struct key *key = key_find(*variable);

			cr_assert_not_null(key, "%s: %s", store->name, *variable);
			cr_assert(key->is_of_store, "%s: %s", store->name, *variable);
		}
	}
}

Test(store_server, each_variable_of_stores_has_a_reader)
{
	for (size_t i = 0; i < key_count; i++) {
		bool is_read = !key_table[i].is_of_store;

		for (unsigned driver = 0; driver < 0 DRIVERS(COUNT_DRIVER); driver++) {
			const struct store *store = driver_store(driver);
			const char *const *variable = store != NULL ? store->variables : NULL;

			for (; variable != NULL && *variable != NULL; variable++)
				if (strcmp(*variable, key_table[i].variable) == 0)
					is_read = true;
		}
		cr_assert(is_read, "%s", key_table[i].variable);
	}
}
