/*
 * drivers -- the list of the coordinators, and which of them this tickrd was built with.
 */
#ifndef TICKR_LEASE_DRIVERS_H
#define TICKR_LEASE_DRIVERS_H

#include "base/attributes.h"
#include "lease/coordinator.h"
#include "lease/lease.h"

/*
 * Return the driver of the coordinator NAME: "none", "etcd" or "zookeeper". NULL: this tickrd was built without it. Set
 * *KIND for its settings; NULL: it needs none.
 */
const struct lease_driver *lease_driver_find(const char *name,
					     const struct coordinator_kind **kind) MUST_CHECK;

#endif
