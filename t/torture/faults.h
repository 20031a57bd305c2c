/*
 * faults -- what was done to the servers and databases meanwhile, as the torture wrote it down.
 *
 * The file has a line a fault:
 *
 *	BEGAN_US ENDED_US KIND SERVERS NODE
 *
 * SERVERS is a number with a bit for each server that suffers, the first has bit 0. NODE is whose
 * database it was, or -. The fault ended when its cause did: a database that was killed
 * answers again, a server was started. Of these KINDs the checker knows more: kill-server and
 * drain-server end connections; in the time of refuse its servers said that they refuse the node's database,
 * which had gone back; use-up-descriptors leaves its servers none to accept connections with.
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

/* From the file at PATH, none where there is no such file; ends the process when it makes no sense. */
struct faults faults_read(const char *path) MUST_CHECK;
void faults_free(struct faults *faults);

bool fault_is(const struct fault *fault, const char *kind);
bool fault_concerns(const struct fault *fault, unsigned server);

/* Whether it was going on at some time from FROM_US to TO_US. */
bool fault_overlaps(const struct fault *fault, uint64_t from_us, uint64_t to_us);

#endif
