/*
 * highest -- remembers the highest revision of the coordinator that this server has seen. One thread.
 *
 * etcd and ZooKeeper raise their revision with each write. If the revision is lower than one that was seen before, the
 * coordinator was restored from an older copy. Such a copy may lack claims and bounds, so it must not be trusted. A file
 * in TICKR_STATE_DIR keeps the revision across restarts.
 */
#ifndef TICKR_LEASE_HIGHEST_H
#define TICKR_LEASE_HIGHEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

#define HIGHEST_PATH_SIZE 4096

struct highest {
	char path[HIGHEST_PATH_SIZE]; /* "": no file */
	uint64_t revision;	      /* 0: none was seen */
	uint64_t saved;
};

/*
 * Prepare HIGHEST, and read the file FOLDER/KIND.revision if it exists. KIND is "etcd" or "zookeeper". If FOLDER is "",
 * nothing is kept. False, with REASON: the file cannot be read, or is not a number.
 */
bool highest_open(struct highest *highest, const char *folder, const char *kind,
		  struct text *reason) MUST_CHECK;

/* Compare REVISION with the highest, and keep the higher one. False, with REASON: REVISION is the lower one. */
bool highest_note(struct highest *highest, uint64_t revision, struct text *reason) MUST_CHECK;

/* Write the file, if its revision is lower than the highest. Blocks. A failure is logged. */
void highest_save(struct highest *highest);

#endif
