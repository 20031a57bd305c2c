#include <string.h>

#include "build.h"

#include "lease/coordinated.h"
#include "lease/drivers.h"
#include "lease/etcd.h"
#include "lease/fixed.h"
#include "lease/zookeeper.h"

static const struct {
	const char *name;
	const struct lease_driver *driver; /* NULL: not built */
	const struct coordinator_kind *kind;
} lease_drivers[] = {
	{"none", &lease_fixed, NULL},
	{"etcd", HAVE_ETCD ? &lease_coordinated : NULL, HAVE_ETCD ? &coordinator_etcd : NULL},
	{"zookeeper", HAVE_ZOOKEEPER ? &lease_coordinated : NULL,
	 HAVE_ZOOKEEPER ? &coordinator_zookeeper : NULL},
};

const struct lease_driver *
lease_driver_find(const char *name, const struct coordinator_kind **kind)
{
	*kind = NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(lease_drivers); i++)
		if (strcmp(lease_drivers[i].name, name) == 0) {
			*kind = lease_drivers[i].kind;
			return lease_drivers[i].driver;
		}
	return NULL;
}
