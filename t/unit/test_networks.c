#include <arpa/inet.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/networks.h"

static bool
is_in(const char *list, const char *text)
{
	struct networks networks;
	char memory[200];
	struct text problem = TEXT_OVER(memory);
	uint8_t address[NETWORKS_ADDRESS_SIZE];

	cr_assert(networks_parse(list, &networks, &problem), "%s: %s", list, memory);
	cr_assert(networks_read_address(text, strlen(text), address), "%s", text);
	return networks_have(&networks, address);
}

Test(networks, hold_their_addresses)
{
	cr_assert(is_in("10.0.0.0/8", "10.1.2.3"));
	cr_assert(!is_in("10.0.0.0/8", "11.1.2.3"));
	cr_assert(is_in("10.0.0.0/9", "10.127.2.3"));
	cr_assert(!is_in("10.0.0.0/9", "10.128.2.3"));
	cr_assert(is_in("192.168.1.7", "192.168.1.7:3456"));
	cr_assert(!is_in("192.168.1.7", "192.168.1.6"));
	cr_assert(is_in("10.0.0.0/8, ::1", "::1"));
	cr_assert(is_in("2001:db8::/32", "[2001:db8:1::1]:80"));
	cr_assert(!is_in("2001:db8::/32", "2001:db9::1"));
	cr_assert(is_in("0.0.0.0/0", "1.2.3.4"));
	cr_assert(!is_in("0.0.0.0/0", "::1"));
	cr_assert(is_in("127.0.0.1", "::ffff:127.0.0.1"));
	cr_assert(!is_in("unix", "127.0.0.1"));
	cr_assert(!is_in("", "127.0.0.1"));
}

Test(networks, refuse_everything_else)
{
	static const char *const wrong[] = {"localhost", "10.0.0.0/33", "10.0.0/8",	  "::1/129",
					    "10.0.0.0/", "/8",		"10.0.0.0/8;::1", "unix:"};

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		struct networks networks;
		char memory[200];
		struct text problem = TEXT_OVER(memory);

		cr_assert(!networks_parse(wrong[i], &networks, &problem), "%s", wrong[i]);
		cr_assert_not_null(strstr(memory, "no network"));
	}
}

Test(networks, refuse_text_that_is_no_address)
{
	static const char *const wrong[] = {
		"",
		"unknown",
		"_hidden",
		"1.2.3",
		"[::1",
		"1.2.3.4.5",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
	uint8_t address[NETWORKS_ADDRESS_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		cr_assert(!networks_read_address(wrong[i], strlen(wrong[i]), address), "%s",
			  wrong[i]);
	cr_assert(!networks_read_address("1.2.3.4\0x", 9, address));
}

static void
check_blur(const char *from, const char *to)
{
	uint8_t a[NETWORKS_ADDRESS_SIZE], b[NETWORKS_ADDRESS_SIZE];

	cr_assert(networks_read_address(from, strlen(from), a));
	cr_assert(networks_read_address(to, strlen(to), b));
	networks_blur(a);
	cr_assert_arr_eq(a, b, NETWORKS_ADDRESS_SIZE);
}

Test(networks, blur_an_address_to_its_network)
{
	check_blur("10.1.2.3", "10.1.2.0");
	check_blur("2001:db8:1:2::3", "2001:db8:1::");
	check_blur("::", "::");
}
