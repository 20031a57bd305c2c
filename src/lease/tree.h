/*
 * tree -- names of the keys by which servers share worker ids. Pure; any thread.
 *
 *	/id-generator/config/epoch, datacenter_bits, max_sequence, clock_drift_threshold
 *	/id-generator/datacenters/dc0/workers/worker5	ends with the lease of its holder
 *	/id-generator/bounds/dc0_worker5		is never deleted
 *	/id-generator/retired_workers/dc0_worker5	worker 5 rests
 *
 * The other layout is that of a fleet of known sidecars, which claim uuid-generator/node/5 without a bound:
 *
 *	uuid-generator/node/5, uuid-generator/bounds/5
 */
#ifndef TICKR_LEASE_TREE_H
#define TICKR_LEASE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define TREE_PATH_SIZE	 512
#define TREE_PREFIX_MOST 256 /* bytes */

enum tree_layout { TREE_LAYOUT_DATACENTERS, TREE_LAYOUT_NODES };

struct lease_tree {
	const char *prefix; /* at most TREE_PREFIX_MOST bytes, without a slash at its end */
	enum tree_layout layout;
	uint32_t datacenter;
	uint32_t workers; /* of one datacenter: 1 .. 1024 */
};

enum tree_folder {
	TREE_CONFIG,
	TREE_WORKERS,
	TREE_BOUNDS,
	TREE_RETIRED, /* not in the layout of nodes */
};

/* Write the path of FOLDER, without a slash at its end. */
void lease_tree_folder(const struct lease_tree *tree, enum tree_folder folder,
		       char path[TREE_PATH_SIZE]);

/* Write the path of WORKER's key in FOLDER, which is not TREE_CONFIG. */
void lease_tree_worker(const struct lease_tree *tree, enum tree_folder folder, uint32_t worker,
		       char path[TREE_PATH_SIZE]);

/* Write the path of the setting NAME. */
void lease_tree_setting(const struct lease_tree *tree, const char *name, char path[TREE_PATH_SIZE]);

/* Set *WORKER to that of the key NAME in FOLDER. False: it is no key of a worker of this datacenter. */
bool lease_tree_parse(const struct lease_tree *tree, enum tree_folder folder, const char *name,
		      uint32_t *worker) MUST_CHECK;

#endif
