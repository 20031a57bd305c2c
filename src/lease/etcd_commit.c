#include <assert.h>
#include <string.h>

#include "lease/etcd_session.h"

static struct etcd_compare
lease_etcd_compare(const struct coordinator_step *step)
{
	struct etcd_compare compare = {.key = step->path, .key_len = strlen(step->path)};

	compare.target = step->condition == STEP_VERSION ? ETCD_MOD_REVISION : ETCD_CREATE_REVISION;
	compare.equals = step->condition == STEP_ABSENT ? 0 : step->expected;
	return compare;
}

/* Set *LEASE to the one of the node that STEP writes. */
static enum coordinator_result
lease_etcd_lease_of(struct etcd_session *session, uint64_t until_ms,
		    const struct coordinator_step *step, uint64_t *lease, struct text *reason)
{
	struct etcd_header header = {0};
	uint64_t granted_s;

	*lease = step->kind == STEP_PUT && step->life == LIFE_OF_SESSION ? session->lease : 0;
	if (step->kind != STEP_PUT || step->life != LIFE_OF_REST)
		return COORDINATOR_OK;
	return lease_etcd_result(etcd_lease_grant(session->etcd, lease_etcd_seconds(step->life_ms),
						  until_ms, lease, &granted_s, &header, reason),
				 header.code);
}

static enum coordinator_result
lease_etcd_run(struct etcd_session *session, uint64_t until_ms,
	       const struct etcd_transaction *transaction, struct coordinator_step *steps,
	       size_t count, struct text *reason)
{
	struct etcd_answer answer;
	enum etcd_result result = etcd_run(session->etcd, transaction, until_ms, &answer, reason);
	bool has_succeeded = answer.has_succeeded;

	if (result != ETCD_OK)
		return lease_etcd_result(result, answer.header.code);
	for (size_t i = 0; i < count; i++)
		steps[i].version = steps[i].creation = answer.header.revision;
	etcd_answer_free(&answer);
	if (has_succeeded)
		return COORDINATOR_OK;
	text_add(reason, "another server has changed the keys");
	return COORDINATOR_FAILED;
}

enum coordinator_result
lease_etcd_commit(void *self, uint64_t until_ms, struct coordinator_step *steps, size_t count,
		  struct text *reason)
{
	struct etcd_session *session = self;
	struct etcd_compare compares[COORDINATOR_MOST_STEPS];
	struct etcd_operation operations[COORDINATOR_MOST_STEPS];
	struct etcd_transaction transaction = {
		.compares = compares, .compares_count = count, .success = operations};

	assert(count <= COORDINATOR_MOST_STEPS);
	for (size_t i = 0; i < count; i++) {
		const struct coordinator_step *step = &steps[i];
		uint64_t lease;
		enum coordinator_result result =
			lease_etcd_lease_of(session, until_ms, step, &lease, reason);

		if (result != COORDINATOR_OK)
			return result;
		compares[i] = lease_etcd_compare(step);
		if (step->kind == STEP_CHECK)
			continue;
		operations[transaction.success_count++] = (struct etcd_operation){
			.kind = step->kind == STEP_PUT ? ETCD_PUT : ETCD_DELETE,
			.key = step->path,
			.key_len = strlen(step->path),
			.value = step->kind == STEP_PUT ? step->value : NULL,
			.value_len = step->kind == STEP_PUT ? strlen(step->value) : 0,
			.lease = lease};
	}
	return lease_etcd_run(session, until_ms, &transaction, steps, count, reason);
}
