/* The input is parsed as addresses to listen on, as a database's address, and as a list of these. */
#include <string.h>

#include "base/memory.h"
#include "config/address.h"
#include "fuzz.h"

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
		listen_address_describe(&addresses[i], &text);
	}
	MUST_HOLD(!text.is_truncated);
	MUST_HOLD(listen_addresses_parse(described, again, &again_count, &problem));
	MUST_HOLD(count == again_count);
	MUST_HOLD(memcmp(addresses, again, count * sizeof(*addresses)) == 0);
}

static void
check_database(const char *text)
{
	struct database_address address;

	if (!database_address_parse(text, &address))
		return;
	MUST_HOLD((address.host[0] == '\0') != (address.socket[0] == '\0'));
	MUST_HOLD(address.socket[0] == '\0' ||
		  (strcmp(address.socket, text) == 0 && address.port == 0));
	MUST_HOLD(strstr(text, address.host) != NULL);
	MUST_HOLD(strpbrk(address.host, " \t\r\n,/") == NULL);
}

/* The elements of a list are separated by commas, and each is an address by itself. */
static void
check_databases(const char *list)
{
	struct database_address addresses[MOST_DATABASES], alone;
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	size_t count = 0;
	bool is_good = database_addresses_parse(list, addresses, &count, &problem);

	MUST_HOLD(is_good == (problem.len == 0));
	MUST_HOLD(count <= MOST_DATABASES);
	for (size_t i = 0; is_good && i < count; i++) {
		size_t len = strcspn(list, ",");
		char *one = xstrndup(list, len);

		MUST_HOLD(database_address_parse(one, &alone));
		MUST_HOLD(memcmp(&alone, &addresses[i], sizeof(alone)) == 0);
		free(one);
		MUST_HOLD((list[len] == ',') == (i + 1 < count));
		list += len + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = xstrndup((const char *)bytes, len);

	check_listen(text);
	check_database(text);
	check_databases(text);
	free(text);
	return 0;
}
