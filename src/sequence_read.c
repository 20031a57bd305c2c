#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "front/rewrite.h"
#include "sequence_job.h"
#include "ticket/decode.h"

enum sequence_outcome
sequence_read_show(const struct sequence_job *job)
{
	enum sequence_outcome outcome = sequence_job_need(job);

	for (size_t i = 0; i < job->registry->count && outcome == SEQUENCE_DONE; i++)
		if (job->registry->places[i].is_found)
			sequence_job_add(job, &job->registry->places[i]);
	return outcome;
}

/* --- decode -------------------------------------------------------------------------------------- */

/* Turn the scrambled id of REQUEST into the one before. */
static enum sequence_outcome
sequence_read_unscramble(const struct sequence_job *job, const struct sequence_place *place,
			 uint64_t *id)
{
	const struct sequence_policy *policy = &place->listed.policy;
	struct scramble *scramble = sequence_job_scrambler(job);
	struct scramble_domain domain = {.width = policy->width};
	enum sequence_outcome outcome = SEQUENCE_DONE;
	struct rewritten name;

	if (scramble == NULL)
		return SEQUENCE_WRONG;
	if (!rewrite_key(place->prefix, job->request->name, job->request->name_len, &name,
			 job->problem))
		abort(); /* the place was found by it */
	domain.name = name.name;
	domain.name_len = (uint8_t)name.len;
	if (scramble_fingerprint(scramble) != policy->fingerprint)
		outcome = sequence_job_refuse(job, SEQUENCE_REFUSED,
					      "another key scrambles its ids: set "
					      "TICKR_SCRAMBLE_KEY_FILE to that key");
	else if (!scramble_decode(scramble, &domain, job->request->id, id))
		outcome = sequence_job_refuse(job, SEQUENCE_WRONG, "this is not one of its ids");
	else
		evbuffer_add_printf(job->out, "the id before it was scrambled: %" PRIu64 "\n", *id);
	scramble_free(scramble);
	return outcome;
}

/* Return the place of the node that issues ID; NULL: it is none of these databases. */
static const struct sequence_place *
sequence_read_issuer(const struct sequence_job *job, uint64_t id)
{
	uint64_t base;

	for (size_t i = 0; i < job->registry->count; i++)
		if (space_base(&job->registry->places[i].space, id, &base))
			return &job->registry->places[i];
	return NULL;
}

enum sequence_outcome
sequence_read_decode(const struct sequence_job *job)
{
	const struct sequence_place *place = job->registry->places, *issuer;
	uint64_t id = job->request->id;
	struct ticket_parts parts;
	enum sequence_outcome outcome = sequence_job_need(job);

	if (outcome != SEQUENCE_DONE)
		return outcome;
	while (!place->is_found)
		place++;
	if (place->listed.policy.form == SEQUENCE_SCRAMBLED)
		outcome = sequence_read_unscramble(job, place, &id);
	if (outcome != SEQUENCE_DONE)
		return outcome;
	if (!decode_parts(&place->space, id, &parts))
		return sequence_job_refuse(job, SEQUENCE_WRONG, "this is not one of its ids");
	evbuffer_add_printf(job->out, "node: %" PRIu64 "\nnumber: %" PRIu64 "\n", parts.node,
			    parts.base - 1);
	issuer = sequence_read_issuer(job, id);
	if (issuer != NULL)
		evbuffer_add_printf(job->out, "reserved: %s\n",
				    issuer->is_found && sequence_wish_number(&issuer->space, id) <=
								issuer->listed.last
					    ? "yes"
					    : "no, or by a row that is gone");
	return SEQUENCE_DONE;
}

/* --- lists --------------------------------------------------------------------------------------- */

/* A job, and the database of its rows. */
struct rows {
	const struct sequence_job *job;
	const struct sequence_place *place;
};

static void
sequence_read_add_row(void *arg, const struct store_listed *listed)
{
	const struct rows *rows = arg;
	const struct sequence_policy *policy = &listed->policy;
	const char *prefix = rows->place->prefix;
	char memory[32];

	if (!rewrite_is_key(prefix, listed->name, listed->name_len))
		return;
	evbuffer_add_printf(rows->job->out, "%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%u\t%s\t%s\t",
			    sequence_job_newest(rows->place, listed, memory),
			    space_id_up_to(&rows->place->space, policy->start),
			    space_id_up_to(&rows->place->space, policy->most),
			    sequence_job_order(policy), policy->width, sequence_job_form(policy),
			    sequence_job_state(policy));
	evbuffer_add(rows->job->out, listed->name + strlen(prefix),
		     listed->name_len - strlen(prefix));
	evbuffer_add(rows->job->out, "\n", 1);
}

enum sequence_outcome
sequence_read_list(const struct sequence_job *job)
{
	struct sequence_place *place = &job->registry->places[job->request->database];
	struct rows rows = {.job = job, .place = place};

	return sequence_job_blame(job, place,
				  sequence_place_list(place, job->request, sequence_read_add_row,
						      &rows, job->problem));
}
