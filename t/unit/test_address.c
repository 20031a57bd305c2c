#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "config/address.h"

/* 107 bytes, the longest path of a Unix socket. */
#define TEN	     "/123456789"
#define LONGEST_PATH TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "/123456"

Test(address, listen_lists_are_read_in_their_order)
{
	static const struct {
		const char *list;
		size_t count;
		const char *last; /* as it is described again */
	} cases[] = {
		{"127.0.0.1:8080", 1, "127.0.0.1:8080"},
		{"0.0.0.0:0", 1, "0.0.0.0:0"},
		{"255.255.255.255:65535", 1, "255.255.255.255:65535"},
		{"[::]:80", 1, "[::]:80"},
		{"[::1]:0", 1, "[::1]:0"},
		{"[2001:DB8::1]:443", 1, "[2001:db8::1]:443"},
		{"unix:/run/tickr/tickr.sock", 1, "unix:/run/tickr/tickr.sock"},
		{"unix:" LONGEST_PATH, 1, "unix:" LONGEST_PATH},
		{"127.0.0.1:1,127.0.0.1:2,[::1]:3", 3, "[::1]:3"},
		{"127.0.0.1:1,unix:/a b", 2, "unix:/a b"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct listen_address addresses[MOST_LISTEN_ADDRESSES];
		char memory[256], described[256];
		struct text problem = TEXT_OVER(memory), text = TEXT_OVER(described);
		size_t count = 0;

		cr_assert(listen_addresses_parse(cases[i].list, addresses, &count, &problem), "%s",
			  cases[i].list);
		cr_assert_eq(count, cases[i].count, "%s", cases[i].list);
		cr_assert_str_empty(memory);
		listen_address_describe(&addresses[count - 1], &text);
		cr_assert_str_eq(described, cases[i].last);
	}
}

Test(address, listen_lists_with_a_bad_part_are_refused_with_its_number)
{
	static const struct {
		const char *list;
		const char *problem;
	} cases[] = {
		{"", "cannot read address number 1"},
		{",", "cannot read address number 1"},
		{"127.0.0.1:1,", "cannot read address number 2"},
		{",127.0.0.1:1", "cannot read address number 1"},
		{"127.0.0.1:1, 127.0.0.1:2", "cannot read address number 2"},
		{"8080", "cannot read address number 1"},
		{":8080", "cannot read address number 1"},
		{"127.0.0.1", "cannot read address number 1"},
		{"127.0.0.1:", "cannot read address number 1"},
		{"127.0.0.1:65536", "cannot read address number 1"},
		{"127.0.0.1:-1", "cannot read address number 1"},
		{"127.0.0.1:80x", "cannot read address number 1"},
		{"127.0.0.1:80:90", "cannot read address number 1"},
		{"127.1:80", "cannot read address number 1"},
		{"256.0.0.1:80", "cannot read address number 1"},
		{"localhost:80", "cannot read address number 1"},
		{"*:80", "cannot read address number 1"},
		{"::1:80", "cannot read address number 1"},
		{"[::1]", "cannot read address number 1"},
		{"[::1]80", "cannot read address number 1"},
		{"[::1:80", "cannot read address number 1"},
		{"[]:80", "cannot read address number 1"},
		{"[127.0.0.1]:80", "cannot read address number 1"},
		{"[::1]:99999", "cannot read address number 1"},
		{"unix:", "cannot read address number 1"},
		{"unix:relative", "cannot read address number 1"},
		{"unix:" LONGEST_PATH "x", "cannot read address number 1"},
		{"/run/tickr.sock", "cannot read address number 1"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct listen_address addresses[MOST_LISTEN_ADDRESSES];
		char memory[256];
		struct text problem = TEXT_OVER(memory);
		size_t count;

		cr_assert_not(listen_addresses_parse(cases[i].list, addresses, &count, &problem),
			      "%s", cases[i].list);
		cr_assert_str_eq(memory, cases[i].problem, "%s", cases[i].list);
	}
}

Test(address, a_list_longer_than_the_most_is_refused)
{
	struct listen_address addresses[MOST_LISTEN_ADDRESSES];
	char list_memory[512], memory[256];
	struct text list = TEXT_OVER(list_memory), problem = TEXT_OVER(memory);
	size_t count;

	for (unsigned i = 1; i <= MOST_LISTEN_ADDRESSES; i++)
		text_addf(&list, "%s127.0.0.1:%u", i > 1 ? "," : "", i);
	cr_assert(listen_addresses_parse(list_memory, addresses, &count, &problem));
	cr_assert_eq(count, MOST_LISTEN_ADDRESSES);
	text_add(&list, ",127.0.0.1:99");
	cr_assert_not(listen_addresses_parse(list_memory, addresses, &count, &problem));
	cr_assert_str_eq(memory, "more than 16 addresses");
}

Test(address, databases_are_hosts_ports_and_sockets)
{
	static const struct {
		const char *text;
		struct database_address address;
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
		struct database_address address;

		cr_assert(database_address_parse(cases[i].text, &address), "%s", cases[i].text);
		cr_assert_str_eq(address.host, cases[i].address.host);
		cr_assert_eq(address.port, cases[i].address.port, "%s", cases[i].text);
		cr_assert_str_eq(address.socket, cases[i].address.socket);
	}
}

Test(address, databases_that_cannot_be_are_refused)
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
		struct database_address address;

		cr_assert_not(database_address_parse(cases[i], &address), "%s", cases[i]);
	}
}

Test(address, a_host_name_too_long_is_refused)
{
	char name[HOST_SIZE + 1];
	struct database_address address;

	memset(name, 'h', sizeof(name));
	name[HOST_SIZE] = '\0';
	cr_assert_not(database_address_parse(name, &address));
	name[HOST_SIZE - 1] = '\0';
	cr_assert(database_address_parse(name, &address));
	cr_assert_str_eq(address.host, name);
}

Test(address, a_family_we_do_not_know_is_described_all_the_same)
{
	struct listen_address address = {.address.ss_family = 99};
	char memory[64];
	struct text text = TEXT_OVER(memory);

	listen_address_describe(&address, &text);
	cr_assert_str_eq(memory, "family:99");
}
