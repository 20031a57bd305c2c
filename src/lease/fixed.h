/*
 * fixed -- a worker id from the settings, without a coordinator. Its bound lives in the state file.
 *
 * Two servers with one worker id on one host are refused, by a name that the kernel keeps for one process in a
 * network namespace. Servers on two hosts cannot notice each other: etcd or ZooKeeper can.
 */
#ifndef TICKR_LEASE_FIXED_H
#define TICKR_LEASE_FIXED_H

#include "lease/lease.h"

/* Its settings need a worker and a state folder. */
extern const struct lease_driver lease_fixed;

#endif
