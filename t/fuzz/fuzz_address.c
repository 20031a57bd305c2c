/* The input is parsed as addresses to listen on, and as the address of a database. */
#include <string.h>

#include "base/memory.h"
#include "config/address.h"
#include "fuzz.h"
#include "loop/socket_address.h"
#include "store/server.h"

/* Addresses that are parsed, described and parsed again are the same. */
static void
check_listen(const char *list)
{
	struct listen_address addresses[MOST_LISTEN_ADDRESSES], again[MOST_LISTEN_ADDRESSES];
	char memory[8192], described[8192];
	struct text problem = TEXT_OVER(memory), text = TEXT_OVER(described);
	size_t count = 0, again_count;
	bool is_good = listen_addresses_parse(list, addresses, &count, &problem);

	MUST_HOLD(is_good == (problem.len == 0));
	MUST_HOLD(count <= MOST_LISTEN_ADDRESSES);
	if (!is_good)
		return;
	for (size_t i = 0; i < count; i++) {
		text_add(&text, i > 0 ? "," : "");
		socket_address_describe(&addresses[i].address, &text);
	}
	MUST_HOLD(!text.is_truncated);
	MUST_HOLD(listen_addresses_parse(described, again, &again_count, &problem));
	MUST_HOLD(count == again_count);
	MUST_HOLD(memcmp(addresses, again, count * sizeof(*addresses)) == 0);
}

static void
check_server(const char *text)
{
	struct server_address address;

	if (server_address_parse(text, &address) != NULL)
		return;
	MUST_HOLD((address.host[0] == '\0') != (address.socket[0] == '\0'));
	MUST_HOLD(address.socket[0] == '\0' ||
		  (strcmp(address.socket, text) == 0 && address.port == 0));
	MUST_HOLD(strstr(text, address.host) != NULL);
	MUST_HOLD(strpbrk(address.host, " \t\r\n,/") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = xstrndup((const char *)bytes, len);

	check_listen(text);
	check_server(text);
	free(text);
	return 0;
}
