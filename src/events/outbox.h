/*
 * outbox -- batches that wait to be sent, from the exporter's thread to a sender. Bounded; any thread.
 *
 * The batch that is being sent counts until it is done. If a batch does not fit, it is refused, and the older ones
 * stay.
 */
#ifndef TICKR_EVENTS_OUTBOX_H
#define TICKR_EVENTS_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/attributes.h"
#include "events/native.h"
#include "events/rows.h"

struct outbox_batch {
	STAILQ_ENTRY(outbox_batch) link;
	enum rows_table table;
	uint32_t rows;
	uint64_t number; /* of the process: no two batches have the same */
	struct native_bytes body;
};

struct outbox;

/* MOST_BYTES: of the bodies of all batches together. */
struct outbox *outbox_new(size_t most_bytes) MUST_CHECK;
void outbox_free(struct outbox *outbox);

/* Put BATCH at the end, and take it. False: it does not fit, and stays the caller's. */
bool outbox_put(struct outbox *outbox, struct outbox_batch *batch) MUST_CHECK;

/* Wait for the oldest batch, and return it; it is the caller's until outbox_done(). NULL: the outbox was closed. */
struct outbox_batch *outbox_take(struct outbox *outbox) MUST_CHECK;

/* Free BATCH, which was taken. */
void outbox_done(struct outbox *outbox, struct outbox_batch *batch);

/* Wait for PAUSE_MS, or until the outbox is closed. Return false if it is. */
bool outbox_pause(struct outbox *outbox, uint64_t pause_ms) MUST_CHECK;

/* No batch follows. outbox_take() returns the rest, and then NULL. */
void outbox_close(struct outbox *outbox);

/* Wait until all batches are done, at most until DEADLINE_MS of clock_ms(). False: some are not. */
bool outbox_wait_empty(struct outbox *outbox, uint64_t deadline_ms) MUST_CHECK;

/* Rows of all batches, with those of the one that is being sent. */
uint64_t outbox_rows(struct outbox *outbox);

#endif
