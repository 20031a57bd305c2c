/*
 * highest -- the highest revision of a coordinator that this server has seen. One thread.
 *
 * A coordinator that was restored from a copy has forgotten claims and bounds. Its revision is lower than the highest
 * one that was seen, so it is recognised. The file in TICKR_STATE_DIR keeps that number over a restart.
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

/* Read the file of the coordinator KIND in FOLDER; "": there is none. False: it cannot be used. */
bool highest_open(struct highest *highest, const char *folder, const char *kind,
		  struct text *reason) MUST_CHECK;

/* Note REVISION. False: it is lower than one that was seen before. */
bool highest_note(struct highest *highest, uint64_t revision, struct text *reason) MUST_CHECK;

/* Write the file if the revision is higher than the file's. A failure is logged. Blocks. */
void highest_save(struct highest *highest);

#endif
