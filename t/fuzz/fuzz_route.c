/* The input is the path and the query of a request, each on a line. */
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "http/count.h"
#include "http/handlers.h"
#include "http/route.h"

#define MOST 100000

static void
check_count(const char *argument, size_t len, enum batch_format format)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	uint32_t count = 0;
	bool is_good = count_parse(argument, len, format, MOST, "tickets", &count, &problem);

	MUST_HOLD(is_good == (problem.len == 0));
	MUST_HOLD(is_good ? count >= 1 && count <= MOST : count == 0);
	if (is_good && format == BATCH_FORMAT_ARRAY)
		MUST_HOLD(strtoull(argument, NULL, 10) == count);
	if (is_good && format == BATCH_FORMAT_GROUP)
		MUST_HOLD(count == 1 || argument[0] != '-');
	for (size_t i = 0; i < problem.len; i++)
		MUST_HOLD(memory[i] >= ' ' && memory[i] < 0x7f);
}

static void
check_path(const char *path)
{
	struct route_argument arguments[ROUTE_MOST_PARAMETERS];
	const struct route *route = route_find(&client_routes, path, arguments);

	if (route == NULL)
		return;
	if (route->handle != handle_create_many) {
		MUST_HOLD(strcmp(path, route->path) == 0);
		return;
	}
	MUST_HOLD(strncmp(path, route->path, strlen("/tickets/create/")) == 0);
	MUST_HOLD(arguments[0].start == path + strlen("/tickets/create/"));
	MUST_HOLD(arguments[0].len == strlen(arguments[0].start));
	check_count(arguments[0].start, arguments[0].len, BATCH_FORMAT_ARRAY);
	check_count(arguments[0].start, arguments[0].len, BATCH_FORMAT_GROUP);
}

static void
check_query(const char *query)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	enum batch_format format = BATCH_FORMAT_GROUP;
	bool is_good = count_parse_format(query, &format, &problem);

	MUST_HOLD(is_good == (problem.len == 0));
	MUST_HOLD(format == BATCH_FORMAT_ARRAY || format == BATCH_FORMAT_GROUP);
	MUST_HOLD(is_good || strstr(query, "format=") != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *path = xstrndup((const char *)bytes, len);
	char *query = strchr(path, '\n');

	if (query != NULL)
		*query++ = '\0';
	check_path(path);
	check_count(path, strlen(path), BATCH_FORMAT_ARRAY);
	check_count(path, strlen(path), BATCH_FORMAT_GROUP);
	check_query(query);
	free(path);
	return 0;
}
