#include <inttypes.h>

#include "pool/trust_words.h"

/* The ticket to move the counter past, so that no base up to FLOOR comes again. */
static void
trust_words_add_ticket(const struct ticket_space *space, uint64_t floor, struct text *reason)
{
	uint64_t ticket = 0;

	if (space_ticket(space, floor, &ticket))
		text_addf(reason, "%" PRIu64, ticket);
	else
		text_add(reason, "TICKET");
}

static void
trust_words_explain_counter(const struct trust_refusal *refusal, struct text *reason)
{
	if (refusal->went_to > 0)
		text_addf(reason, "its counter was at %" PRIu64 ", but %" PRIu64 " was issued. ",
			  refusal->went_to, refusal->known);
	else
		text_add(reason, "it was refused in an earlier run. ");
	if (refusal->latch > 0)
		text_add(reason, "No tickets are issued until an operator runs: ");
	else
		text_addf(reason, "No tickets are issued until the counter reaches %" PRIu64 ": ",
			  refusal->floor);
	text_add(reason, "tickrd advance --past ");
	trust_words_add_ticket(refusal->space, refusal->floor, reason);
}

void
trust_words_add_command(const char *store, struct text *reason)
{
	text_addf(reason, "tickrd advance --sequences%s%s", store != NULL ? " --store " : "",
		  store != NULL ? store : "");
}

/* The row of this server may accuse the database, although its clock is as high as it was. */
static void
trust_words_explain_clock(const struct trust_refusal *refusal, struct text *reason)
{
	if (refusal->went_to == 0)
		text_add(reason, "it was refused in an earlier run");
	else if (refusal->went_to >= refusal->known)
		text_add(reason, "it does not have all statements of this server");
	else
		text_addf(reason,
			  "the clock of its sequences was at %" PRIu64 ", but %" PRIu64
			  " was reached",
			  refusal->went_to, refusal->known);
	text_add(reason, ". No sequence issues ids until an operator runs: ");
	trust_words_add_command(refusal->store, reason);
}

void
trust_explain(const struct trust_refusal *refusal, struct text *reason)
{
	text_add(reason, "the database has gone back in time: ");
	if (refusal->space != NULL)
		trust_words_explain_counter(refusal, reason);
	else
		trust_words_explain_clock(refusal, reason);
}
