#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "config/address.h"
#include "loop/socket_address.h"

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
		{"127.0.0.1:0,127.0.0.1:0", 2, "127.0.0.1:0"},
		{"unix:/a%b", 1, "unix:/a%b"},
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
		socket_address_describe(&addresses[count - 1].address, &text);
		cr_assert_str_eq(described, cases[i].last);
	}
}

Test(address, every_bad_part_of_a_listen_list_is_named_with_the_reason)
{
	static const struct {
		const char *list;
		const char *problem;
	} cases[] = {
		{"",
		 "number 1, \"\": an address is missing between the commas or after the last one"},
		{",",
		 "number 1, \"\": an address is missing between the commas or after the last one; "
		 "number 2, \"\": an address is missing between the commas or after the last one"},
		{"127.0.0.1:1,",
		 "number 2, \"\": an address is missing between the commas or after the last one"},
		{"127.0.0.1:1, 127.0.0.1:2",
		 "number 2, \" 127.0.0.1:2\": it begins or ends in a blank: remove the blank"},
		{"127.0.0.1:1 ",
		 "number 1, \"127.0.0.1:1 \": it begins or ends in a blank: remove the blank"},
		{"127.0.0.1:1\r", "number 1, \"127.0.0.1:1\\x0d\": it has a control character, "
				  "such as a carriage return at its end"},
		{"http://127.0.0.1:1",
		 "number 1, \"http://127.0.0.1:1\": remove the scheme and the //"},
		{"8080", "number 1, \"8080\": an address is missing before the port"},
		{":8080", "number 1, \":8080\": an address is missing before the port"},
		{"127.0.0.1", "number 1, \"127.0.0.1\": a colon and a port are missing"},
		{"127.0.0.1:",
		 "number 1, \"127.0.0.1:\": the port must be a number from 0 to 65535"},
		{"127.0.0.1:65536",
		 "number 1, \"127.0.0.1:65536\": the port must be a number from 0 to 65535"},
		{"127.0.0.1:-1",
		 "number 1, \"127.0.0.1:-1\": the port must be a number from 0 to 65535"},
		{"127.0.0.1:80x",
		 "number 1, \"127.0.0.1:80x\": the port must be a number from 0 to 65535"},
		{"127.0.0.1:80:90",
		 "number 1, \"127.0.0.1:80:90\": write an IPv6 address in brackets: [::1]:8080"},
		{"127.1:80",
		 "number 1, \"127.1:80\": the text before the colon is not an IPv4 address"},
		{"256.0.0.1:80",
		 "number 1, \"256.0.0.1:80\": the text before the colon is not an IPv4 address"},
		{"localhost:80",
		 "number 1, \"localhost:80\": tickrd does not look up names: write an address"},
		{"localhost:x",
		 "number 1, \"localhost:x\": the port must be a number from 0 to 65535"},
		{"localhost", "number 1, \"localhost\": a colon and a port are missing"},
		{"*:80", "number 1, \"*:80\": write 0.0.0.0 for every IPv4 address of this host, "
			 "[::] for every IPv6 address"},
		{"::1:80", "number 1, \"::1:80\": write an IPv6 address in brackets: [::1]:8080"},
		{"::", "number 1, \"::\": write an IPv6 address in brackets: [::1]:8080"},
		{"fe80::1", "number 1, \"fe80::1\": write an IPv6 address in brackets: [::1]:8080"},
		{"[::1]", "number 1, \"[::1]\": a colon and a port are missing after the bracket"},
		{"[::1]80",
		 "number 1, \"[::1]80\": a colon and a port are missing after the bracket"},
		{"[::1:80", "number 1, \"[::1:80\": the bracket is not closed"},
		{"[]:80", "number 1, \"[]:80\": the brackets do not hold an IPv6 address"},
		{"[127.0.0.1]:80",
		 "number 1, \"[127.0.0.1]:80\": the brackets do not hold an IPv6 address"},
		{"[::1]:99999",
		 "number 1, \"[::1]:99999\": the port must be a number from 0 to 65535"},
		{"[fe80::1%eth0]:80", "number 1, \"[fe80::1%eth0]:80\": a zone (after the %) is "
				      "not supported: remove it, or use another address"},
		{"[::ffff:127.0.0.1]:80", "number 1, \"[::ffff:127.0.0.1]:80\": write an IPv4 "
					  "address without ::ffff: and without brackets"},
		{"unix:", "number 1, \"unix:\": the path of a Unix socket begins with a slash"},
		{"unix:relative",
		 "number 1, \"unix:relative\": the path of a Unix socket begins with a slash"},
		{"unix:" LONGEST_PATH "x",
		 "number 1, \"unix:" LONGEST_PATH "x\": the path has more than the 107 bytes that "
		 "the system allows for a Unix socket"},
		{"/run/tickr.sock",
		 "number 1, \"/run/tickr.sock\": write unix: before the path of a Unix socket"},
		{"127.0.0.1:80,[::1]:80,127.0.0.1:80",
		 "number 3, \"127.0.0.1:80\": it is in the list twice"},
		{"8080,127.0.0.1:1,localhost:80",
		 "number 1, \"8080\": an address is missing before the port; number 3, "
		 "\"localhost:80\": tickrd does not look up names: write an address"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct listen_address addresses[MOST_LISTEN_ADDRESSES];
		char memory[1024];
		struct text problem = TEXT_OVER(memory);
		size_t count;

		cr_assert_not(listen_addresses_parse(cases[i].list, addresses, &count, &problem),
			      "%s", cases[i].list);
		cr_assert_str_eq(memory, cases[i].problem, "%s: %s", cases[i].list, memory);
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
	cr_assert_str_eq(memory, "more than 16 of them");
}

Test(address, an_unknown_family_is_described_by_its_number)
{
	struct sockaddr_storage address = {.ss_family = 99};
	char memory[64];
	struct text text = TEXT_OVER(memory);

	socket_address_describe(&address, &text);
	cr_assert_str_eq(memory, "family:99");
}
