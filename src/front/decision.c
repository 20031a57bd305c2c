#include "front/decision.h"

static bool
front_decide_scrambled(const struct front_wish *wish, struct text *reason)
{
	if (wish->order == FRONT_ORDER_STRONG)
		text_add(reason, "the ids of this sequence are scrambled, so they have no order: "
				 "ask without order=strong");
	else if (wish->is_group)
		text_add(reason, "the ids of this sequence are scrambled, so they are no group: "
				 "ask for an array");
	else if (wish->count > FRONT_MOST_SCRAMBLED)
		text_addf(reason,
			  "the ids of this sequence are scrambled, and one request gets at most "
			  "%d of them, not %u: ask several times",
			  FRONT_MOST_SCRAMBLED, wish->count);
	else
		return true;
	return false;
}

bool
front_decide(const struct sequence_policy *policy, const struct front_wish *wish, size_t databases,
	     enum sequence_order *order, struct text *reason)
{
	bool is_weak = policy->is_declared ? policy->order == SEQUENCE_WEAK
					   : wish->fallback == SEQUENCE_WEAK;

	if (policy->form == SEQUENCE_SCRAMBLED && !front_decide_scrambled(wish, reason))
		return false;
	if (wish->order == FRONT_ORDER_STRONG && policy->order == SEQUENCE_WEAK && databases > 1) {
		text_add(reason,
			 "this sequence is weak, and any of several databases serves it, so "
			 "its ids have no common order: ask without order=strong");
		return false;
	}
	if (wish->order == FRONT_ORDER_STRONG)
		is_weak = false;
	if (wish->order == FRONT_ORDER_WEAK && !policy->is_declared)
		is_weak = true;
	*order = is_weak ? SEQUENCE_WEAK : SEQUENCE_STRONG;
	return true;
}
