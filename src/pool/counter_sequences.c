#include <inttypes.h>

#include "base/log.h"
#include "pool/counter_sequences.h"

/* Another server counts in the row of KNOWN: both have copies of one state folder. */
static void
counter_sequences_rename_instance(struct keeper *keeper, const struct store_instance *known)
{
	instance_rename(keeper->instance, known);
	log_warn("another server has a copy of the state folder; took a new instance",
		 LOG_WORD("was", known->id), LOG_DATABASE(keeper->health->name));
}

enum store_result
counter_move_sequences(struct keeper *keeper, const struct store_order *order,
		       struct ticket_range *bases, enum instance_verdict *verdict,
		       struct text *reason)
{
	struct store_instance known, found = {.count = 0};
	struct store_order counted = *order;
	uint64_t clock = 0;
	enum store_result result;

	if (!instance_begin(keeper->instance, classes_top(&keeper->mark.certain), &known, reason))
		return STORE_REFUSED;
	counted.known = &known;
	counted.found = &found;
	result = keeper->store->reserve(keeper->session, &counted, bases, reason);
	if (result == STORE_OK)
		clock = bases->first + bases->count - 1;
	*verdict = instance_end(keeper->instance, result, &known, &found, order, clock);
	if (*verdict == INSTANCE_CLONED)
		counter_sequences_rename_instance(keeper, &known);
	return result;
}

enum store_result
counter_read_row(struct keeper *keeper, uint64_t clock, enum instance_verdict *verdict,
		 struct text *reason)
{
	struct store_instance known, row;
	enum store_result result;

	instance_known(keeper->instance, &known);
	row = known;
	result = keeper->store->instance(keeper->session, &row, reason);
	if (result != STORE_OK)
		return result;
	*verdict = instance_judge(keeper->instance, &known, &row, clock);
	if (*verdict == INSTANCE_CLONED)
		counter_sequences_rename_instance(keeper, &known);
	return STORE_OK;
}

/* An instance that has never counted has issued nothing, so its distance is that of the clock. */
enum store_result
counter_raise(struct keeper *keeper, uint64_t past, struct text *reason)
{
	struct store_instance row;
	enum store_result result;

	instance_known(keeper->instance, &row);
	if (row.count == 0)
		return keeper->store->advance(keeper->session, past, reason);
	if (!instance_begin_raise(keeper->instance, &row, reason))
		return STORE_REFUSED;
	result = keeper->store->raise(keeper->session, &row, past, reason);
	instance_end_raise(keeper->instance, result, &row);
	return result;
}
