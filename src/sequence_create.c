#include <inttypes.h>
#include <time.h>

#include "sequence_job.h"
#include "store/sequence_rows.h"

/* Set the fingerprint of WANTED to that of the key, if the command makes or names the form. */
static bool
sequence_create_set_fingerprint(const struct sequence_job *job, const struct sequence_place *place,
				struct sequence_policy *wanted)
{
	struct scramble *scramble;

	if (wanted->form == SEQUENCE_PLAIN)
		wanted->fingerprint = 0;
	if (wanted->form == SEQUENCE_PLAIN || (place->is_found && !job->request->wish.has_form))
		return true;
	scramble = sequence_job_scrambler(job);
	if (scramble != NULL)
		wanted->fingerprint = scramble_fingerprint(scramble);
	scramble_free(scramble);
	return scramble != NULL;
}

/* A strong sequence has one home, and its order is one in all databases that have it. */
static enum sequence_order
sequence_create_wanted_order(const struct sequence_job *job)
{
	const struct sequence_wish *wish = &job->request->wish;

	return wish->has_order ? wish->order
			       : job->registry->places[job->registry->home].listed.policy.order;
}

/* Check whether WANTED may be the policy of the sequence in PLACE, with the rules of the store. */
static enum sequence_outcome
sequence_create_check_policy(const struct sequence_job *job, const struct sequence_place *place,
			     const struct sequence_policy *wanted, enum store_declared *declared)
{
	char memory[512];
	struct text reason = TEXT_OVER(memory);
	bool is_same;

	*declared = STORE_DECLARED_MADE;
	if (!place->is_found && wanted->start - 1 > SEQUENCE_MOST_JUMP)
		return sequence_job_refuse(job, SEQUENCE_WRONG,
					   "the start is too far: a new sequence skips at most "
					   "9007199254740992 numbers");
	if (!place->is_found)
		return SEQUENCE_DONE;
	if (!sequence_rows_may_become(&place->listed.policy, wanted, &is_same, &reason))
		return sequence_job_refuse(job, SEQUENCE_REFUSED, memory);
	*declared = is_same ? STORE_DECLARED_SAME : STORE_DECLARED_CHANGED;
	if (is_same || place->listed.last <= wanted->most ||
	    place->listed.last < place->listed.policy.start)
		return SEQUENCE_DONE;
	text_addf(&reason, "%" PRIu64 " was issued: most may not be below that",
		  space_id_up_to(&place->space, place->listed.last));
	return sequence_job_refuse(job, SEQUENCE_REFUSED, memory);
}

/* Return the policy that the command makes in PLACE, and what declaring it would do. */
static enum sequence_outcome
sequence_create_plan(const struct sequence_job *job, const struct sequence_place *place,
		     struct sequence_policy *wanted, enum store_declared *declared)
{
	char memory[512];
	struct text reason = TEXT_OVER(memory);

	*wanted = place->listed.policy;
	if (!sequence_wish_apply(&job->request->wish, &place->space, wanted, &reason))
		return sequence_job_refuse(job, SEQUENCE_WRONG, memory);
	wanted->order = sequence_create_wanted_order(job);
	if (!sequence_create_set_fingerprint(job, place, wanted))
		return SEQUENCE_WRONG;
	return sequence_create_check_policy(job, place, wanted, declared);
}

static void
sequence_create_add_declared(const struct sequence_job *job, const struct sequence_place *place,
			     const struct sequence_policy *policy, enum store_declared declared)
{
	static const char *const done[] = {
		[STORE_DECLARED_MADE] = "made",
		[STORE_DECLARED_SAME] = "was there with this policy",
		[STORE_DECLARED_CHANGED] = "changed",
	};
	static const char *const planned[] = {
		[STORE_DECLARED_MADE] = "would be made",
		[STORE_DECLARED_SAME] = "exists with this policy",
		[STORE_DECLARED_CHANGED] = "would be changed",
	};

	sequence_job_add_heading(job, place);
	evbuffer_add_printf(job->out,
			    "sequence %s: %s. It has ids from %" PRIu64 " to %" PRIu64
			    ", %s, of %u bits, %s\n",
			    job->request->name, (job->request->is_trial ? planned : done)[declared],
			    space_id_up_to(&place->space, policy->start),
			    space_id_up_to(&place->space, policy->most), sequence_job_order(policy),
			    policy->width, sequence_job_form(policy));
}

/*
 * The revision of the policies that this command makes: one in all databases, because a server knows one. After an older
 * copy was restored it must not be one that a server knows from before. So it is at least the time in seconds.
 */
static uint32_t
sequence_create_revision(const struct sequence_job *job)
{
	uint32_t revision = (uint32_t)time(NULL);

	for (size_t i = 0; i < job->registry->count; i++) {
		const struct sequence_place *place = &job->registry->places[i];

		if (place->is_found && place->listed.policy.revision >= revision)
			revision = place->listed.policy.revision + 1;
	}
	return revision;
}

/* Whether PLACE is to have the sequence. It keeps a row that it has. */
static bool
sequence_create_is_for(const struct sequence_job *job, const struct sequence_place *place)
{
	return place->is_found || sequence_create_wanted_order(job) == SEQUENCE_WEAK ||
	       place == &job->registry->places[job->registry->home];
}

/* Check the command in all databases before it changes one. */
enum sequence_outcome
sequence_create(const struct sequence_job *job)
{
	struct sequence_policy wanted[MOST_DATABASES];
	enum store_declared declared[MOST_DATABASES];
	bool is_found;
	enum sequence_outcome outcome = sequence_job_find(job, &is_found);
	uint32_t revision = sequence_create_revision(job);

	for (size_t i = 0; i < job->registry->count && outcome == SEQUENCE_DONE; i++) {
		const struct sequence_place *place = &job->registry->places[i];

		if (sequence_create_is_for(job, place))
			outcome = sequence_job_blame(
				job, place,
				sequence_create_plan(job, place, &wanted[i], &declared[i]));
	}
	for (size_t i = 0; i < job->registry->count && outcome == SEQUENCE_DONE; i++) {
		struct sequence_place *place = &job->registry->places[i];

		if (!sequence_create_is_for(job, place))
			continue;
		wanted[i].revision = revision;
		if (!job->request->is_trial)
			outcome = sequence_job_blame(
				job, place,
				sequence_place_declare(place, job->request, &wanted[i],
						       &declared[i], job->problem));
		if (outcome == SEQUENCE_DONE)
			sequence_create_add_declared(job, place, &wanted[i], declared[i]);
	}
	return outcome;
}
