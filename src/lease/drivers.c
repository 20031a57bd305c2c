#include <string.h>

#include "build.h"

#include "lease/drivers.h"
#include "lease/etcd.h"
#include "lease/fixed.h"
#include "lease/zookeeper.h"

static const struct {
	const char *name;
	const struct lease_driver *driver; /* NULL: not built */
} lease_drivers[] = {
	{"none", &lease_fixed},
	{"etcd", HAVE_ETCD ? &lease_etcd : NULL},
	{"zookeeper", HAVE_ZOOKEEPER ? &lease_zookeeper : NULL},
};

const struct lease_driver *
lease_driver_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(lease_drivers); i++)
		if (strcmp(lease_drivers[i].name, name) == 0)
			return lease_drivers[i].driver;
	return NULL;
}
