#include <assert.h>
#include <stdlib.h>

#include "allocator/batch.h"
#include "base/memory.h"

struct batch *
batch_new(uint64_t deadline_ms)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));

	STAILQ_INIT(&batch->requests);
	batch->reservation.deadline_ms = deadline_ms;
	return batch;
}

void
batch_free(struct batch *batch)
{
	free(batch->reservation.result);
	free(batch);
}

/* The first request always has room. It may be larger than MOST, and needs one progression. */
bool
batch_has_room(const struct batch *batch, const struct ticket_request *request, uint32_t most)
{
	return batch->request_count == 0 ||
	       (uint64_t)batch->reservation.count + request->count <= most;
}

void
batch_add(struct batch *batch, struct ticket_request *request)
{
	STAILQ_INSERT_TAIL(&batch->requests, request, link);
	batch->request_count++;
	batch->reservation.count += request->count;
}

/* Unlink the first request, because its answer may free it. NULL: none is left. */
static struct ticket_request *
batch_take_request(struct batch *batch)
{
	struct ticket_request *request = STAILQ_FIRST(&batch->requests);

	if (request != NULL)
		STAILQ_REMOVE_HEAD(&batch->requests, link);
	return request;
}

void
batch_deal(struct batch *batch)
{
	struct ticket_answer answer = {
		.status = TICKET_OK,
		.space = batch->reservation.space,
		.revision = batch->reservation.revision,
		.taken_us = batch->reservation.taken_us,
		.result = batch->reservation.result,
	};
	struct ticket_range bases = batch->reservation.bases;
	struct ticket_request *request;

	if (batch->reservation.status != TICKET_OK) {
		batch_fail(batch, batch->reservation.status, batch->reservation.reason);
		return;
	}
	if (answer.result == NULL)
		assert(bases.count == batch->reservation.count);
	while ((request = batch_take_request(batch)) != NULL) {
		if (answer.result == NULL)
			answer.bases = range_take(&bases, request->count);
		request->answer(request, &answer);
	}
}

void
batch_fail(struct batch *batch, enum ticket_status status, const char *reason)
{
	struct ticket_answer answer = {
		.status = status, .reason = reason, .taken_us = batch->reservation.taken_us};
	struct ticket_request *request;

	assert(status != TICKET_OK);
	while ((request = batch_take_request(batch)) != NULL)
		request->answer(request, &answer);
}
