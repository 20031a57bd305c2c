#include <inttypes.h>

#include "sequence_job.h"

static void
sequence_change_add_id(const struct sequence_job *job, const struct sequence_place *place,
		       const char *what, uint64_t number)
{
	const struct sequence_policy *policy = &place->listed.policy;

	if (number < policy->start || number > policy->most)
		evbuffer_add_printf(job->out, "%s none\n", what);
	else
		evbuffer_add_printf(job->out, "%s %" PRIu64 "\n", what,
				    space_id_up_to(&place->space, number));
}

/* The newest number of PLACE: one below the first if it has none. */
static uint64_t
sequence_change_last(const struct sequence_place *place)
{
	const struct store_listed *listed = &place->listed;

	return listed->last < listed->policy.start ? listed->policy.start - 1 : listed->last;
}

static enum sequence_outcome
sequence_change_plan_advance(const struct sequence_job *job, struct sequence_place *place)
{
	uint64_t number = sequence_wish_number(&place->space, job->request->id);
	uint64_t last = sequence_change_last(place), most = place->listed.policy.most;

	if (place->listed.policy.is_retired)
		return sequence_job_refuse(job, SEQUENCE_REFUSED,
					   "it is retired, and issues no ids any more");
	if (number > most) {
		char memory[128];
		struct text words = TEXT_OVER(memory);

		text_addf(&words, "%" PRIu64 " is beyond its last id, %" PRIu64, job->request->id,
			  space_id_up_to(&place->space, most));
		return sequence_job_refuse(job, SEQUENCE_WRONG, memory);
	}
	if (number <= last || !job->request->is_trial)
		return SEQUENCE_DONE;
	sequence_job_add_heading(job, place);
	sequence_change_add_id(job, place, "the newest id:                    ", last);
	sequence_change_add_id(job, place, "the next id now, at least:        ", last + 1);
	sequence_change_add_id(job, place, "the next id afterwards, at least: ", number + 1);
	evbuffer_add_printf(job->out,
			    "ids that become a gap:             %" PRIu64 "\n"
			    "ids that are left afterwards:      %" PRIu64 "\n",
			    number - last, most - number);
	return SEQUENCE_DONE;
}

static enum sequence_outcome
sequence_change_do_advance(const struct sequence_job *job, struct sequence_place *place)
{
	uint64_t number = sequence_wish_number(&place->space, job->request->id);
	bool is_past = number <= sequence_change_last(place);
	enum sequence_outcome outcome = SEQUENCE_DONE;

	if (!is_past && !job->request->is_trial)
		outcome = sequence_place_jump(place, job->request, number, job->problem);
	if (outcome != SEQUENCE_DONE || (!is_past && job->request->is_trial))
		return outcome;
	sequence_job_add_heading(job, place);
	evbuffer_add_printf(job->out, "sequence %s: %s\n", job->request->name,
			    is_past ? "it is already past this id, so it stays"
				    : "it was moved forward");
	return SEQUENCE_DONE;
}

enum sequence_outcome
sequence_change_advance(const struct sequence_job *job)
{
	enum sequence_outcome outcome = sequence_job_need(job);

	if (outcome == SEQUENCE_DONE)
		outcome = sequence_job_each(job, sequence_change_plan_advance);
	return outcome == SEQUENCE_DONE ? sequence_job_each(job, sequence_change_do_advance)
					: outcome;
}

static enum sequence_outcome
sequence_change_do_retire(const struct sequence_job *job, struct sequence_place *place)
{
	bool was_retired = place->listed.policy.is_retired;
	enum sequence_outcome outcome = SEQUENCE_DONE;

	if (job->request->is_trial) {
		sequence_job_add(job, place);
		return SEQUENCE_DONE;
	}
	if (!was_retired)
		outcome = sequence_place_retire(place, job->request, job->problem);
	if (outcome != SEQUENCE_DONE)
		return outcome;
	sequence_job_add_heading(job, place);
	evbuffer_add_printf(job->out, "sequence %s: %s\n", job->request->name,
			    was_retired ? "it was retired before" : "it is retired, for ever");
	return SEQUENCE_DONE;
}

enum sequence_outcome
sequence_change_retire(const struct sequence_job *job)
{
	enum sequence_outcome outcome = sequence_job_need(job);

	return outcome == SEQUENCE_DONE ? sequence_job_each(job, sequence_change_do_retire)
					: outcome;
}
