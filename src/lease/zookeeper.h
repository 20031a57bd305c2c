/*
 * zookeeper -- the coordinator ZooKeeper. See coordinator.h for its functions.
 */
#ifndef TICKR_LEASE_ZOOKEEPER_H
#define TICKR_LEASE_ZOOKEEPER_H

#include "lease/coordinator.h"

extern const struct coordinator_kind coordinator_zookeeper;

#endif
