#include <arpa/inet.h>
#include <string.h>

#include "base/networks.h"
#include "base/parse.h"

#define SEPARATORS ", \t"

static const uint8_t networks_v4_prefix[12] = {[10] = 0xFF, [11] = 0xFF};

/* Read the NUL-ended TEXT, without a port. */
static bool
networks_read_plain(const char *text, uint8_t address[NETWORKS_ADDRESS_SIZE])
{
	if (inet_pton(AF_INET6, text, address) == 1)
		return true;
	memcpy(address, networks_v4_prefix, sizeof(networks_v4_prefix));
	return inet_pton(AF_INET, text, address + sizeof(networks_v4_prefix)) == 1;
}

bool
networks_read_address(const char *text, size_t len, uint8_t address[NETWORKS_ADDRESS_SIZE])
{
	char memory[INET6_ADDRSTRLEN + sizeof("[]:65535")];
	char *end;

	if (len >= sizeof(memory))
		return false;
	memcpy(memory, text, len);
	memory[len] = '\0';
	if (strlen(memory) != len)
		return false;
	if (memory[0] == '[' && (end = strchr(memory, ']')) != NULL) {
		*end = '\0';
		return inet_pton(AF_INET6, memory + 1, address) == 1;
	}
	end = strchr(memory, ':');
	if (end != NULL && strchr(end + 1, ':') == NULL)
		*end = '\0'; /* one colon: IPv4 and a port */
	return networks_read_plain(memory, address);
}

static bool
networks_parse_one(const char *text, size_t len, struct networks *networks)
{
	const char *slash = memchr(text, '/', len);
	size_t address_len = slash != NULL ? (size_t)(slash - text) : len;
	uint8_t *address = networks->list[networks->count].address;
	char memory[INET6_ADDRSTRLEN];
	uint64_t most, bits;
	bool is_v4;

	if (len == 4 && memcmp(text, "unix", 4) == 0) {
		networks->has_unix = true;
		return true;
	}
	if (address_len >= sizeof(memory))
		return false;
	memcpy(memory, text, address_len);
	memory[address_len] = '\0';
	if (!networks_read_plain(memory, address))
		return false;
	is_v4 = strchr(memory, ':') == NULL;
	most = bits = is_v4 ? 32 : 128;
	if (slash != NULL && !parse_number(slash + 1, len - address_len - 1, most, &bits))
		return false;
	networks->list[networks->count++].bits = (unsigned)(is_v4 ? 96 + bits : bits);
	return true;
}

bool
networks_parse(const char *text, struct networks *networks, struct text *problem)
{
	*networks = (struct networks){0};
	while (*(text += strspn(text, SEPARATORS)) != '\0') {
		size_t len = strcspn(text, SEPARATORS);

		if (networks->count == NETWORKS_MOST) {
			text_addf(problem, "there are more than %d networks", NETWORKS_MOST);
			return false;
		}
		if (!networks_parse_one(text, len, networks)) {
			text_add(problem, "\"");
			text_add_bytes(problem, text, len < 60 ? len : 60);
			text_add(problem, "\" is no address, no network and not the word unix");
			return false;
		}
		text += len;
	}
	return true;
}

static bool
networks_are_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	return memcmp(a, b, bytes) == 0 &&
	       (rest == 0 || ((a[bytes] ^ b[bytes]) & (0xFF00 >> rest) & 0xFF) == 0);
}

bool
networks_have(const struct networks *networks, const uint8_t address[NETWORKS_ADDRESS_SIZE])
{
	for (size_t i = 0; i < networks->count; i++)
		if (networks_are_equal(networks->list[i].address, address, networks->list[i].bits))
			return true;
	return false;
}

void
networks_blur(uint8_t address[NETWORKS_ADDRESS_SIZE])
{
	bool is_v4 = memcmp(address, networks_v4_prefix, sizeof(networks_v4_prefix)) == 0;
	size_t kept = is_v4 ? 15 : 6;

	memset(address + kept, 0, NETWORKS_ADDRESS_SIZE - kept);
}
