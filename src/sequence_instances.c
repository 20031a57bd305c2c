#include <inttypes.h>
#include <string.h>

#include "sequence_job.h"

/* A job, and the database of its rows. */
struct instances {
	const struct sequence_job *job;
	uint64_t clock;
	bool has_wanted; /* fold: the row was there */
};

static void
sequence_instances_add(void *arg, const struct store_instance *row)
{
	struct instances *instances = arg;

	if (instances->job->request->task == SEQUENCE_FOLD &&
	    strcmp(instances->job->request->name, row->id) != 0)
		return;
	instances->has_wanted = true;
	evbuffer_add_printf(instances->job->out, "%s\t%" PRIu64 "\t%" PRIu64 "\n", row->id,
			    row->count,
			    instances->clock > row->seen ? instances->clock - row->seen : 0);
}

enum sequence_outcome
sequence_instances_list(const struct sequence_job *job)
{
	struct sequence_place *place = &job->registry->places[job->request->database];
	struct instances instances = {.job = job};

	return sequence_job_blame(job, place,
				  sequence_place_instances(place, sequence_instances_add,
							   &instances, &instances.clock,
							   job->problem));
}

/* Delete the row in the database that has it. */
enum sequence_outcome
sequence_instances_fold(const struct sequence_job *job)
{
	enum sequence_outcome outcome = SEQUENCE_DONE;
	bool is_found = false;

	for (size_t i = 0; i < job->registry->count && !is_found; i++) {
		struct sequence_place *place = &job->registry->places[i];
		struct instances instances = {.job = job};

		if (job->request->is_trial)
			outcome =
				sequence_place_instances(place, sequence_instances_add, &instances,
							 &instances.clock, job->problem);
		else
			outcome = sequence_place_fold(place, job->request, &instances.has_wanted,
						      job->problem);
		if (outcome != SEQUENCE_DONE)
			return sequence_job_blame(job, place, outcome);
		is_found = instances.has_wanted;
	}
	if (is_found && !job->request->is_trial)
		evbuffer_add_printf(job->out, "the row of this instance was removed\n");
	if (is_found)
		return SEQUENCE_DONE;
	text_addf(job->problem,
		  "there is no row of an instance %s: run tickrd sequence list --instances",
		  job->request->name);
	return SEQUENCE_MISSING;
}
