/*
 * etcd -- the driver of leases that are kept in etcd. See lease.h for its functions, and coordinated.h for its rules.
 */
#ifndef TICKR_LEASE_ETCD_H
#define TICKR_LEASE_ETCD_H

#include "lease/lease.h"

extern const struct lease_driver lease_etcd;

#endif
