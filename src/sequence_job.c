#include <inttypes.h>

#include "sequence_job.h"

/* With several databases, print which of them the next lines are about. */
void
sequence_job_add_heading(const struct sequence_job *job, const struct sequence_place *place)
{
	if (job->registry->count > 1)
		evbuffer_add_printf(job->out, "%s, node %" PRIu64 ":\n", place->settings.name,
				    place->space.node_number);
}

/* With several databases, add to the reason which one it is about. */
enum sequence_outcome
sequence_job_blame(const struct sequence_job *job, const struct sequence_place *place,
		   enum sequence_outcome outcome)
{
	if (outcome != SEQUENCE_DONE && job->registry->count > 1)
		text_addf(job->problem, " (database %s, node %" PRIu64 ")", place->settings.name,
			  place->space.node_number);
	return outcome;
}

enum sequence_outcome
sequence_job_refuse(const struct sequence_job *job, enum sequence_outcome outcome,
		    const char *words)
{
	text_addf(job->problem, "sequence %s: %s", job->request->name, words);
	return outcome;
}

const char *
sequence_job_order(const struct sequence_policy *policy)
{
	return policy->order == SEQUENCE_WEAK ? "weak" : "strong";
}

const char *
sequence_job_form(const struct sequence_policy *policy)
{
	return policy->form == SEQUENCE_SCRAMBLED ? "scrambled" : "plain";
}

const char *
sequence_job_state(const struct sequence_policy *policy)
{
	if (policy->is_retired)
		return "retired";
	return policy->is_declared ? "declared" : "first-use";
}

/* The newest id of a sequence, as text. */
const char *
sequence_job_newest(const struct sequence_place *place, const struct store_listed *listed,
		    char memory[32])
{
	struct text text = text_over(memory, 32);

	if (listed->last < listed->policy.start)
		text_add(&text, "none");
	else
		text_addf(&text, "%" PRIu64, space_id_up_to(&place->space, listed->last));
	return memory;
}

void
sequence_job_add(const struct sequence_job *job, const struct sequence_place *place)
{
	const struct sequence_policy *policy = &place->listed.policy;
	char memory[32];

	sequence_job_add_heading(job, place);
	evbuffer_add_printf(job->out,
			    "name:      %s\n"
			    "newest id: %s\n"
			    "first id:  %" PRIu64 "\n"
			    "last id:   %" PRIu64 "\n"
			    "order:     %s\n"
			    "width:     %u bits\n"
			    "form:      %s\n"
			    "state:     %s\n",
			    job->request->name, sequence_job_newest(place, &place->listed, memory),
			    space_id_up_to(&place->space, policy->start),
			    space_id_up_to(&place->space, policy->most), sequence_job_order(policy),
			    policy->width, sequence_job_form(policy), sequence_job_state(policy));
	if (policy->form == SEQUENCE_SCRAMBLED)
		evbuffer_add_printf(job->out, "These are the ids before they are scrambled.\n");
}

/* --- finding ------------------------------------------------------------------------------------- */

/* Read the sequence in all databases. A sequence that no database has is no failure yet. */
enum sequence_outcome
sequence_job_find(const struct sequence_job *job, bool *is_found)
{
	*is_found = false;
	for (size_t i = 0; i < job->registry->count; i++) {
		struct sequence_place *place = &job->registry->places[i];
		enum sequence_outcome outcome =
			sequence_place_show(place, job->request, job->problem);

		if (outcome != SEQUENCE_DONE)
			return sequence_job_blame(job, place, outcome);
		*is_found |= place->is_found;
	}
	return SEQUENCE_DONE;
}

/* The same, for commands that need a sequence. */
enum sequence_outcome
sequence_job_need(const struct sequence_job *job)
{
	bool is_found;
	enum sequence_outcome outcome = sequence_job_find(job, &is_found);

	if (outcome != SEQUENCE_DONE || is_found)
		return outcome;
	return sequence_job_refuse(job, SEQUENCE_MISSING,
				   "there is none: run tickrd sequence list, which prints all");
}

/* Call STEP for each database that has the sequence. */
enum sequence_outcome
sequence_job_each(const struct sequence_job *job,
		  enum sequence_outcome (*step)(const struct sequence_job *job,
						struct sequence_place *place))
{
	enum sequence_outcome outcome = SEQUENCE_DONE;

	for (size_t i = 0; i < job->registry->count && outcome == SEQUENCE_DONE; i++) {
		struct sequence_place *place = &job->registry->places[i];

		if (place->is_found)
			outcome = sequence_job_blame(job, place, step(job, place));
	}
	return outcome;
}

/* --- scrambling ---------------------------------------------------------------------------------- */

/* Make a scrambler under the key of the settings. NULL: the problem says why not. */
struct scramble *
sequence_job_scrambler(const struct sequence_job *job)
{
	if (job->registry->config->has_scramble_key)
		return scramble_new(job->registry->config->scramble_key, job->problem);
	text_add(job->problem, "scrambled ids need a key: set TICKR_SCRAMBLE_KEY_FILE");
	return NULL;
}
