/* The input is the path and the query of a request for named sequences, each on a line. */
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "http/handlers.h"
#include "http/query.h"
#include "http/route.h"
#include "http/sequence_target.h"
#include "ticket/sequence_name.h"

static char digits[] = "0123456789abcdef";

/* A name is found again after it was encoded. */
static void
check_encoded(const struct sequence_target_name *name)
{
	char encoded[3 * SEQUENCE_NAME_MOST], memory[512];
	struct text problem = TEXT_OVER(memory);
	struct sequence_target_name again;

	for (size_t i = 0; i < name->len; i++) {
		unsigned char byte = (unsigned char)name->bytes[i];

		encoded[3 * i] = '%';
		encoded[3 * i + 1] = digits[byte >> 4];
		encoded[3 * i + 2] = digits[byte & 15];
	}
	MUST_HOLD(sequence_target_read_name(encoded, 3 * name->len, &again, &problem));
	MUST_HOLD(again.len == name->len && memcmp(again.bytes, name->bytes, name->len) == 0);
}

static void
check_name(const char *argument, size_t len)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct sequence_target_name name;
	bool is_good = sequence_target_read_name(argument, len, &name, &problem);

	MUST_HOLD(is_good == (problem.len == 0));
	MUST_HOLD(!problem.is_truncated);
	for (size_t i = 0; i < problem.len; i++)
		MUST_HOLD((unsigned char)memory[i] >= ' ' && memory[i] != 0x7f);
	if (!is_good)
		return;
	MUST_HOLD(name.len > 0 && name.len <= SEQUENCE_NAME_MOST_ASKED && name.len <= len);
	MUST_HOLD(memchr(argument, '/', len) == NULL);
	for (size_t i = 0; i < name.len; i++)
		MUST_HOLD((unsigned char)name.bytes[i] >= ' ' && name.bytes[i] != 0x7f &&
			  (unsigned char)name.bytes[i] < 0xf5);
	check_encoded(&name);
}

static void
check_path(const char *path)
{
	struct route_argument arguments[ROUTE_MOST_PARAMETERS];
	const struct route *route = route_find(&client_routes_with_sequences, path, arguments);

	if (route == NULL || strncmp(route->path, "/sequences/", 11) != 0)
		return;
	MUST_HOLD(arguments[0].start == path + 11);
	MUST_HOLD(arguments[0].len <= strlen(arguments[0].start));
	check_name(arguments[0].start, arguments[0].len);
	if (route->handle != handle_sequence_create_many)
		return;
	MUST_HOLD(strncmp(arguments[0].start + arguments[0].len, "/create/", 8) == 0);
	MUST_HOLD(arguments[1].start == arguments[0].start + arguments[0].len + 8);
	MUST_HOLD(arguments[1].start[arguments[1].len] == '\0');
}

static void
check_query(const char *query)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	enum front_order order;
	struct sequence_target_name after;
	uint32_t limit = 0;
	bool is_good = sequence_target_read_order(query, &order, &problem);

	MUST_HOLD(is_good == (problem.len == 0));
	MUST_HOLD(is_good || strstr(query, "order=") != NULL);
	text_clear(&problem);
	is_good = sequence_target_read_page(query, &after, &limit, &problem);
	MUST_HOLD(is_good == (problem.len == 0));
	MUST_HOLD(!is_good || (limit >= 1 && limit <= SEQUENCE_TARGET_MOST_PAGE));
	MUST_HOLD(!is_good || after.len <= SEQUENCE_NAME_MOST);
	MUST_HOLD(!query_has(query, "sequences") || strstr(query, "sequences") != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *path = xstrndup((const char *)bytes, len);
	char *query = strchr(path, '\n');

	if (query != NULL)
		*query++ = '\0';
	check_path(path);
	check_name(path, strlen(path));
	check_query(query);
	free(path);
	return 0;
}
