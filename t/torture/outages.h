/*
 * outages -- checks how long servers issue nothing after faults, and which requests they turn away meanwhile.
 */
#ifndef TORTURE_OUTAGES_H
#define TORTURE_OUTAGES_H

#include "promises.h"

/* Each server issues tickets, or ids, soon after the end of each fault. */
void outages_service_comes_back(struct promise *promise);

/* The same, for the ids of a store after its own fault. */
void outages_stores_come_back(struct promise *promise);

/* RECORD got 503 although only one of several databases had a fault. A key may live in that one. */
bool outages_is_turned_away(const struct run *run, const struct client_file *client,
			    const struct record *record) MUST_CHECK;

/* RECORD got 503 although the only faults were those of other stores. */
bool outages_is_dragged_down(const struct run *run, const struct client_file *client,
			     const struct record *record) MUST_CHECK;

/* RECORD got 503 although the only fault was that idle clients used up the descriptors. */
bool outages_is_starved(const struct run *run, const struct client_file *client,
			const struct record *record) MUST_CHECK;

#endif
