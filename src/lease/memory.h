/*
 * memory -- a coordinator in memory: the test double of the seam, and its specification. Any thread.
 *
 * Several leases share one struct lease_memory, as several servers share a coordinator.
 */
#ifndef TICKR_LEASE_MEMORY_H
#define TICKR_LEASE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "lease/lease.h"

/* Its settings are a struct lease_memory as driver_settings, which outlives the lease. */
extern const struct lease_driver lease_memory;

struct lease_memory;

struct lease_memory *lease_memory_new(const struct lease_shared *shared) MUST_CHECK;
void lease_memory_free(struct lease_memory *memory);

/* End the lease of WORKER, as after its TTL: another may claim it. The next call of its holder says so. */
void lease_memory_expire(struct lease_memory *memory, uint32_t worker);

/* Answer no call until it is called with false. Calls that change something may still do so: they end as unknown. */
void lease_memory_mute(struct lease_memory *memory, bool is_mute);

/* Change the shared configuration. */
void lease_memory_share(struct lease_memory *memory, const struct lease_shared *shared);

/* The stored bound of WORKER, or 0. */
uint64_t lease_memory_bound(struct lease_memory *memory, uint32_t worker);

#endif
