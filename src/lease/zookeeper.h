/*
 * zookeeper -- the driver of leases that are kept in ZooKeeper. See lease.h for its functions, and coordinated.h for
 * its rules.
 */
#ifndef TICKR_LEASE_ZOOKEEPER_H
#define TICKR_LEASE_ZOOKEEPER_H

#include "lease/lease.h"

extern const struct lease_driver lease_zookeeper;

#endif
