#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "sequence_wish.h"

#define SHOWN 64 /* bytes of a wrong value that an error repeats */

/* --- the options --------------------------------------------------------------------------------- */

static bool
sequence_wish_set_start(struct sequence_wish *wish, const char *value)
{
	wish->has_first = true;
	return parse_number(value, strlen(value), SPACE_LAST_TICKET, &wish->first) &&
	       wish->first > 0;
}

static bool
sequence_wish_set_after(struct sequence_wish *wish, const char *value)
{
	wish->has_first = true;
	return parse_number(value, strlen(value), SPACE_LAST_TICKET - 1, &wish->first) &&
	       ++wish->first > 0;
}

static bool
sequence_wish_set_most(struct sequence_wish *wish, const char *value)
{
	wish->has_most = true;
	return parse_number(value, strlen(value), SPACE_LAST_TICKET, &wish->most) && wish->most > 0;
}

static bool
sequence_wish_set_order(struct sequence_wish *wish, const char *value)
{
	wish->has_order = true;
	wish->order = strcmp(value, "weak") == 0 ? SEQUENCE_WEAK : SEQUENCE_STRONG;
	return wish->order == SEQUENCE_WEAK || strcmp(value, "strong") == 0;
}

static bool
sequence_wish_set_form(struct sequence_wish *wish, const char *value)
{
	wish->has_form = true;
	wish->form = strcmp(value, "scrambled") == 0 ? SEQUENCE_SCRAMBLED : SEQUENCE_PLAIN;
	return wish->form == SEQUENCE_SCRAMBLED || strcmp(value, "plain") == 0;
}

static bool
sequence_wish_set_width(struct sequence_wish *wish, const char *value)
{
	wish->has_width = true;
	wish->width = strcmp(value, "53") == 0 ? 53 : 63;
	return wish->width == 53 || strcmp(value, "63") == 0;
}

static const struct {
	const char *name;
	bool (*set)(struct sequence_wish *wish, const char *value);
	const char *allowed;
} sequence_wish_options[] = {
	{"start", sequence_wish_set_start, "a whole number from 1 to 9223372036854775807"},
	{"after", sequence_wish_set_after, "a whole number from 0 to 9223372036854775806"},
	{"most", sequence_wish_set_most, "a whole number from 1 to 9223372036854775807"},
	{"order", sequence_wish_set_order, "strong or weak"},
	{"form", sequence_wish_set_form, "plain or scrambled"},
	{"width", sequence_wish_set_width, "53 or 63"},
};

bool
sequence_wish_set(struct sequence_wish *wish, const char *option, const char *value,
		  struct text *problem)
{
	for (size_t i = 0; i < ARRAY_LENGTH(sequence_wish_options); i++) {
		if (strcmp(sequence_wish_options[i].name, option) != 0)
			continue;
		if (sequence_wish_options[i].set(wish, value))
			return true;
		text_addf(problem, "%s takes %s, not ", option, sequence_wish_options[i].allowed);
		text_add_quoted(problem, value, SHOWN);
		return false;
	}
	text_add_quoted(problem, option, SHOWN);
	text_add(problem, " is not an option of a sequence: use start, after, most, order, form or "
			  "width");
	return false;
}

void
sequence_wish_complete(struct sequence_wish *wish, const struct sequence_wish *common)
{
	if (!wish->has_first)
		wish->first = common->first;
	if (!wish->has_most)
		wish->most = common->most;
	if (!wish->has_order)
		wish->order = common->order;
	if (!wish->has_form)
		wish->form = common->form;
	if (!wish->has_width)
		wish->width = common->width;
	wish->has_first |= common->has_first;
	wish->has_most |= common->has_most;
	wish->has_order |= common->has_order;
	wish->has_form |= common->has_form;
	wish->has_width |= common->has_width;
}

void
sequence_wish_add_query(const struct sequence_wish *wish, struct text *query)
{
	size_t begin = query->len;

	if (wish->has_first)
		text_addf(query, "&start=%" PRIu64, wish->first);
	if (wish->has_most)
		text_addf(query, "&most=%" PRIu64, wish->most);
	if (wish->has_order)
		text_addf(query, "&order=%s", wish->order == SEQUENCE_WEAK ? "weak" : "strong");
	if (wish->has_form)
		text_addf(query, "&form=%s",
			  wish->form == SEQUENCE_SCRAMBLED ? "scrambled" : "plain");
	if (wish->has_width)
		text_addf(query, "&width=%u", wish->width);
	if (query->len > begin)
		query->start[begin] = '?';
}

/* --- the policy ---------------------------------------------------------------------------------- */

uint64_t
sequence_wish_number(const struct ticket_space *space, uint64_t id)
{
	return space_base_up_to(space, id) - (SPACE_FIRST_BASE - 1);
}

/* The last number that has an id of WIDTH bits in SPACE. */
static uint64_t
sequence_wish_last(const struct ticket_space *space, uint8_t width)
{
	uint64_t last = sequence_wish_number(space, (1ull << width) - 1);

	return last < SEQUENCE_MOST ? last : SEQUENCE_MOST;
}

/* Set the width and the last number of POLICY. If the old width set the old last number, the new one does so too. */
static bool
sequence_wish_limit(const struct sequence_wish *wish, const struct ticket_space *space,
		    struct sequence_policy *policy, struct text *problem)
{
	bool is_limited = policy->most >= sequence_wish_last(space, policy->width);
	uint64_t last_id, last;

	if (wish->has_width)
		policy->width = wish->width;
	last_id = (1ull << policy->width) - 1;
	last = sequence_wish_last(space, policy->width);
	if (wish->has_most && wish->most > last_id) {
		text_addf(problem,
			  "most is %" PRIu64 ", and the largest id of %u bits is %" PRIu64
			  ": lower most, or use the width 63",
			  wish->most, policy->width, last_id);
		return false;
	}
	if (wish->has_most)
		policy->most = sequence_wish_number(space, wish->most);
	if (policy->most > last || (is_limited && !wish->has_most))
		policy->most = last;
	return true;
}

bool
sequence_wish_apply(const struct sequence_wish *wish, const struct ticket_space *space,
		    struct sequence_policy *policy, struct text *problem)
{
	if (wish->has_order)
		policy->order = wish->order;
	if (wish->has_form)
		policy->form = wish->form;
	if (wish->has_first)
		policy->start = sequence_wish_number(space, wish->first - 1) + 1;
	if (!sequence_wish_limit(wish, space, policy, problem))
		return false;
	if (policy->start <= policy->most)
		return true;
	text_addf(problem,
		  "the first id would be %" PRIu64 ", and the last one %" PRIu64
		  ": lower start, or raise most",
		  space_id_up_to(space, policy->start),
		  policy->most > 0 ? space_id_up_to(space, policy->most) : 0);
	return false;
}
