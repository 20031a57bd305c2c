#include <string.h>

#include "store/durable.h"
#include "store/wording.h"

enum store_result
durable_open(const struct store *store, const struct store_settings *settings,
	     struct store_session **session, struct text *reason)
{
	char memory[2048], *lines = memory, *line;
	struct text warnings = TEXT_OVER(memory);
	const char *before = "refused by TICKR_REQUIRE_DURABLE: ";
	enum store_result result = wording_open(store, settings, session, reason);

	if (result != STORE_OK || !settings->require_durable)
		return result;
	store->warn(*session, &warnings);
	if (warnings.len == 0)
		return STORE_OK;
	store->close(*session);
	*session = NULL;
	while ((line = strsep(&lines, "\n")) != NULL) {
		if (line[0] == '\0')
			continue;
		text_addf(reason, "%s%s", before, line);
		before = ". ";
	}
	return STORE_REFUSED;
}
