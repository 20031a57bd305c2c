#include <assert.h>

#include "build.h"

#include "store/drivers.h"

#ifndef WITH_MEMORY /* only tickrd-memory defines it */
#define WITH_MEMORY 0
#endif

static const struct {
	const char *name;
	const struct store *store; /* NULL: not built */
} drivers[] = {
#define DRIVER(name, is_built, meaning) {#name, (is_built) ? &name##_store : NULL},
	DRIVERS(DRIVER)};

bool
driver_is_snowflake(unsigned driver)
{
	return driver == ARRAY_LENGTH(drivers);
}

const char *
driver_name(unsigned driver)
{
	if (driver_is_snowflake(driver))
		return DRIVER_SNOWFLAKE;
	assert(driver < ARRAY_LENGTH(drivers));
	return drivers[driver].name;
}

const struct store *
driver_store(unsigned driver)
{
	if (driver_is_snowflake(driver))
		return NULL;
	assert(driver < ARRAY_LENGTH(drivers));
	return drivers[driver].store;
}

void
drivers_list(struct text *names)
{
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		if (drivers[i].store != NULL)
			text_addf(names, "%s%s", names->len > 0 ? ", " : "", drivers[i].name);
}
