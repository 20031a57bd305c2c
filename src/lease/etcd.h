/*
 * etcd -- the coordinator etcd. See coordinator.h for its functions.
 */
#ifndef TICKR_LEASE_ETCD_H
#define TICKR_LEASE_ETCD_H

#include "lease/coordinator.h"

extern const struct coordinator_kind coordinator_etcd;

#endif
