#include <assert.h>
#include <string.h>

#include "front/stores.h"

void
front_stores_add(struct front_stores *stores, const struct front_store *store)
{
	assert(stores->count < FRONT_MOST_STORES);
	stores->all[stores->count++] = *store;
}

const struct front_store *
front_stores_find(const struct front_stores *stores, const char *name, size_t len)
{
	for (size_t i = 0; i < stores->count; i++)
		if (strlen(stores->all[i].name) == len &&
		    memcmp(stores->all[i].name, name, len) == 0)
			return &stores->all[i];
	return NULL;
}

void
front_stores_list(const struct front_stores *stores, struct text *text)
{
	for (size_t i = 0; i < stores->count; i++)
		text_addf(text, "%s%s", i > 0 ? ", " : "", stores->all[i].name);
}

void
front_stores_add_remedy(const char *name, size_t len, struct text *text)
{
	if (len == strlen(FRONT_STORE_OWN) && memcmp(name, FRONT_STORE_OWN, len) == 0)
		text_add(text, "; for store " FRONT_STORE_OWN
			       " the operator must set TICKR_SEQUENCES to declared or any");
}
