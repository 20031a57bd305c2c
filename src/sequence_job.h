/*
 * sequence_job -- one command on a registry while it is carried out. Used by sequence_registry.c and the tasks
 * in sequence_create.c, sequence_change.c, sequence_read.c and sequence_instances.c only, in the thread of the registry.
 *
 * Each task appends lines to OUT, and the reason of a failure to PROBLEM.
 */
#ifndef TICKR_SEQUENCE_JOB_H
#define TICKR_SEQUENCE_JOB_H

#include "sequence_place.h"
#include "sequence_registry.h"
#include "ticket/scramble.h"

struct sequence_registry {
	const struct config *config;
	struct sequence_place places[MOST_DATABASES];
	size_t count;
	size_t home; /* the place of strong sequences */
};

struct sequence_job {
	struct sequence_registry *registry;
	const struct sequence_request *request;
	struct evbuffer *out;
	struct text *problem;
};

/* --- the tasks ----------------------------------------------------------------------------------- */

typedef enum sequence_outcome sequence_task_fn(const struct sequence_job *job);

sequence_task_fn sequence_create;
sequence_task_fn sequence_change_advance;
sequence_task_fn sequence_change_retire;
sequence_task_fn sequence_instances_fold;
sequence_task_fn sequence_read_show;
sequence_task_fn sequence_read_decode;
sequence_task_fn sequence_read_list;
sequence_task_fn sequence_instances_list;

/* --- words --------------------------------------------------------------------------------------- */

/* With several databases, add a line that names the database of the next lines. */
void sequence_job_add_heading(const struct sequence_job *job, const struct sequence_place *place);

/* Return OUTCOME. If it is a failure, add which of several databases it is about. */
enum sequence_outcome sequence_job_blame(const struct sequence_job *job,
					 const struct sequence_place *place,
					 enum sequence_outcome outcome) MUST_CHECK;

/* Return OUTCOME, with WORDS about the sequence as the reason. */
enum sequence_outcome sequence_job_refuse(const struct sequence_job *job,
					  enum sequence_outcome outcome,
					  const char *words) MUST_CHECK;

const char *sequence_job_order(const struct sequence_policy *policy);
const char *sequence_job_form(const struct sequence_policy *policy);
const char *sequence_job_state(const struct sequence_policy *policy);

/* Write the newest id of LISTED, or "none", into MEMORY, and return MEMORY. */
const char *sequence_job_newest(const struct sequence_place *place,
				const struct store_listed *listed, char memory[32]);

/* Add all of the sequence that PLACE has found. */
void sequence_job_add(const struct sequence_job *job, const struct sequence_place *place);

/* --- finding ------------------------------------------------------------------------------------- */

/* Read the sequence in all databases. A sequence that no database has is no failure yet. */
enum sequence_outcome sequence_job_find(const struct sequence_job *job, bool *is_found) MUST_CHECK;

/* The same. Fail if no database has it. */
enum sequence_outcome sequence_job_need(const struct sequence_job *job) MUST_CHECK;

/* Call STEP for each database that has the sequence, until one fails. */
enum sequence_outcome
sequence_job_each(const struct sequence_job *job,
		  enum sequence_outcome (*step)(const struct sequence_job *job,
						struct sequence_place *place)) MUST_CHECK;

/* Make a scrambler under the key of the settings. NULL: the problem says why not. The caller frees it. */
struct scramble *sequence_job_scrambler(const struct sequence_job *job) MUST_CHECK;

#endif
