/*
 * faults -- the faults that the torture injected during a run.
 *
 * Each fault is a line of the file:
 *
 *	BEGAN_US ENDED_US KIND SERVERS NODE
 *
 * SERVERS is a number with a bit for each server that suffers; the first server has bit 0. NODE is the node
 * of the database, or the number of the store (record.h), or -. A fault ends with its cause: a killed database answers again, a server was started.
 *
 * Some KINDs have a meaning for the checker. The faults kill-server and drain-server end connections. During
 * refuse the servers reported that they refuse the node's database, which went back in time; and during
 * refuse-sequences, that they refuse its named sequences. After
 * use-up-descriptors the servers have no descriptor to accept connections with. After kill-store, stop-store and replace-store only
 * ids of that store are late.
 */
#ifndef TORTURE_FAULTS_H
#define TORTURE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define FAULT_KIND_SIZE 32
#define NO_NODE		UINT64_MAX

struct fault {
	uint64_t began_us;
	uint64_t ended_us;
	char kind[FAULT_KIND_SIZE];
	uint64_t servers;
	uint64_t node;
};

struct faults {
	struct fault *list;
	size_t count;
};

/* Read the file at PATH; a missing file has no faults. End the process if a line is wrong. */
struct faults faults_read(const char *path) MUST_CHECK;
void faults_free(struct faults *faults);

bool fault_is(const struct fault *fault, const char *kind);
bool fault_concerns(const struct fault *fault, unsigned server);

/* Return true if the fault lasted at any time from FROM_US to TO_US. */
bool fault_overlaps(const struct fault *fault, uint64_t from_us, uint64_t to_us);

#endif
