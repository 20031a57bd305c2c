/*
 * run -- the clients' records and the faults of one run of the torture. One thread.
 *
 * Files are mapped, not copied. run_free() releases everything.
 */
#ifndef TORTURE_RUN_H
#define TORTURE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"
#include "record.h"

#define RUN_MOST_SERVERS 64
#define RUN_MOST_KEYS	 (16 * RECORD_STORE_KEYS)

struct client_file {
	char name[256];
	unsigned server;
	bool is_operator; /* the torture itself, which asks for some ids only */
	const struct record *records;
	size_t count;
};

struct run {
	uint64_t max_nodes;
	uint64_t starting_offset;
	bool is_in_order;
	bool has_another;
	bool has_sequences;  /* or must have */
	bool are_snowflakes; /* the tickets: a server that is started again may issue lower ones */
	uint64_t back_within_us; /* the time in which a server must issue tickets after a fault */
	uint32_t key_count;	 /* the highest key */

	struct client_file *clients;
	size_t client_count;
	struct faults faults;
	uint64_t began_us; /* the first request; times in the evidence count from it */
	uint64_t ended_us;
};

/* Read FOLDER into RUN, whose settings are filled already. End the process if that fails. */
void run_read(struct run *run, const char *folder);
void run_free(struct run *run);

uint64_t run_last_ticket(const struct record *record);

/* Return the node of the ticket, or of the id of a named sequence, with which RECORD begins. */
uint64_t run_node_of(const struct run *run, const struct record *record);

/* Each node of the tickets, and of each key, has a series of numbers that rise. They are counted from 0. */
size_t run_series_count(const struct run *run);
size_t run_series_of(const struct run *run, const struct record *record);

/* Print a comment of TAP about a record: its client, its time, its outcome, the faults of that time. */
void run_show(const struct run *run, const struct client_file *client, const struct record *record);

#endif
