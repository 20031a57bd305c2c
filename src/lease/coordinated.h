/*
 * coordinated -- the driver of leases that a coordinator keeps: the rules by which servers share worker ids, on any kind
 * of coordinator.
 *
 *	NONE -- transaction confirmed ---> HELD -- told that it is gone, or retired --> NONE
 *	  '---- no answer --> PENDING --- our instance is in both nodes --^
 *			         '------- another's, or none: the session is ended, so it cannot become a claim
 *
 * One thread.
 */
#ifndef TICKR_LEASE_COORDINATED_H
#define TICKR_LEASE_COORDINATED_H

#include <stdbool.h>
#include <stdint.h>

#include "lease/choice.h"
#include "lease/coordinator.h"
#include "lease/highest.h"
#include "lease/lease.h"
#include "lease/tree.h"

/* How long a read of the shared settings is good without a watch. A tenth more or less, at random. */
#define COORDINATED_CACHE_MS 60000

enum coordinated_state { COORDINATED_NONE, COORDINATED_PENDING, COORDINATED_HELD };

struct coordinated {
	const struct coordinator_kind *kind;
	void *self;
	const struct lease_settings *settings;
	struct lease_tree tree;
	char prefix[TREE_PREFIX_MOST + 2];
	struct highest highest;

	bool has_session;
	bool has_gone_back; /* the coordinator has, so no claim is worth anything */
	enum coordinated_state state;

	/* PENDING and HELD. */
	uint32_t worker;
	uint64_t floor_ms;
	uint64_t bound_ms; /* HELD: stored, or perhaps a lower one if IS_UNSURE */

	/* HELD. */
	uint64_t worker_creation;
	unsigned port; /* in the worker's node */
	uint64_t bound_version;
	bool is_unsure; /* an extension had no answer */

	/* The shared settings as they were read, and the versions of those that a claim depends on; 0: there is none. */
	struct lease_shared shared;
	uint64_t datacenter_bits; /* UINT64_MAX: the coordinator does not have it */
	uint64_t epoch_version, bits_version;
	bool has_epoch_node, has_bits_node;
	uint64_t read_again_at_ms; /* by clock_ms() */

	struct lease_choice choice; /* of a claim in progress */
	uint64_t seed;
};

/* Its settings are a struct coordinator_settings as driver_settings. */
extern const struct lease_driver lease_coordinated;

/* --- for the files of this driver ---------------------------------------------------------------- */

/* lease_driver.claim(). */
enum lease_result coordinated_claim(void *self, uint64_t until_ms, struct lease_claim *claim,
				    struct text *reason);

/* The result of a read or a begin, for the caller of the lease. */
enum lease_result coordinated_result(enum coordinator_result result);

/* Compare the clock and the revision. LEASE_OK: a bound may be written. */
enum lease_result coordinated_look(struct coordinated *c, uint64_t until_ms, struct text *reason);

/* Read the shared settings, and check those that must fit. */
enum lease_result coordinated_read_shared(struct coordinated *c, uint64_t until_ms,
					  struct text *reason);

/* The epoch that is valid after coordinated_read_shared(). */
uint64_t coordinated_epoch(const struct coordinated *c);

/*
 * Read both nodes of the worker id. *IS_OURS: this instance holds it, and its versions are those of the
 * nodes from now on.
 */
enum lease_result coordinated_verify(struct coordinated *c, uint64_t until_ms, bool *is_ours,
				     struct text *reason);

/* End the session, so that nothing that was sent in it becomes a claim. */
void coordinated_drop(struct coordinated *c, uint64_t until_ms);

/* Steps that several transactions have. VALUE is needed until the commit. */
struct coordinator_step coordinated_step(const struct coordinated *c, enum tree_folder folder,
					 enum step_kind kind);

#endif
