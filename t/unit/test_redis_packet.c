#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store/redis_packet.h"

Test(redis_packet, commands_follow_each_other)
{
	static const char expected[] =
		"*1\r\n$5\r\nMULTI\r\n"
		"*3\r\n$6\r\nINCRBY\r\n$3\r\na\0b\r\n$20\r\n18446744073709551615\r\n"
		"*2\r\n$3\r\nGET\r\n$0\r\n\r\n";
	struct redis_packet packet = {NULL};

	redis_packet_command(&packet, "MULTI", 0);
	redis_packet_command(&packet, "INCRBY", 2);
	redis_packet_add_bytes(&packet, "a\0b", 3);
	redis_packet_add_number(&packet, UINT64_MAX);
	redis_packet_command(&packet, "GET", 1);
	redis_packet_add(&packet, "");
	cr_assert_eq(packet.commands, 3);
	cr_assert_eq(packet.len, sizeof(expected) - 1);
	cr_assert_eq(memcmp(packet.bytes, expected, packet.len), 0);
	free(packet.bytes);
}

Test(redis_packet, grows_and_begins_again)
{
	char large[100000];
	struct redis_packet packet = {NULL};

	memset(large, 'x', sizeof(large));
	for (size_t len = 1; len < sizeof(large); len = 3 * len + 1) {
		redis_packet_clear(&packet);
		redis_packet_command(&packet, "GET", 1);
		redis_packet_add_bytes(&packet, large, len);
		cr_assert_eq(packet.commands, 1);
		cr_assert_eq(memcmp(packet.bytes + packet.len - 2 - len, large, len), 0);
		cr_assert_eq(memcmp(packet.bytes + packet.len - 2, "\r\n", 2), 0);
	}
	free(packet.bytes);
}
