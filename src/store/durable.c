#include <string.h>

#include "store/durable.h"

static void
explain(char *lines, struct text *reason)
{
	const char *before = "refused by TICKR_REQUIRE_DURABLE: ";
	char *line;

	while ((line = strsep(&lines, "\n")) != NULL) {
		if (line[0] == '\0')
			continue;
		text_addf(reason, "%s%s", before, line);
		before = ". ";
	}
}

enum store_result
durable_open(const struct store *store, const struct store_settings *settings,
	     struct store_session **session, struct text *reason)
{
	char memory[2048];
	struct text warnings = TEXT_OVER(memory);
	enum store_result result = store->open(settings, session, reason);

	if (result != STORE_OK || !settings->require_durable)
		return result;
	store->warn(*session, &warnings);
	if (warnings.len == 0)
		return STORE_OK;
	store->close(*session);
	*session = NULL;
	explain(memory, reason);
	return STORE_REFUSED;
}
