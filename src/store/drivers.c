#include <string.h>

#include "build.h"

#include "store/drivers.h"

static const struct store *const drivers[] = {
	&mysql_store,
#ifdef HAVE_SQLITE
	&sqlite_store,
#endif
#ifdef WITH_MEMORY /* the program tickrd-memory alone */
	&memory_store,
#endif
};

const struct store *
driver_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}

void
drivers_list(struct text *names)
{
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		text_addf(names, "%s%s", i > 0 ? ", " : "", drivers[i]->name);
}
