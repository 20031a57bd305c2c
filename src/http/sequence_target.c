#include <string.h>

#include "base/parse.h"
#include "http/query.h"
#include "http/sequence_target.h"
#include "ticket/sequence_name.h"

static bool
sequence_target_decode(const char *encoded, size_t len, enum query_plus plus, size_t most,
		       struct sequence_target_name *name, struct text *problem)
{
	if (!query_decode(encoded, len, plus, name->bytes, sizeof(name->bytes), &name->len)) {
		text_add(problem, "the name of the sequence is ");
		query_add_quoted(problem, encoded, len);
		text_add(problem,
			 "; a % must be followed by two hexadecimal digits, and % itself is "
			 "written %25");
		return false;
	}
	return sequence_name_is_valid(name->bytes, name->len, most, problem);
}

/* Proxies disagree about slashes in names, so a name that is not encoded might be another one. */
bool
sequence_target_read_name(const char *encoded, size_t len, struct sequence_target_name *name,
			  struct text *problem)
{
	if (memchr(encoded, '/', len) != NULL) {
		text_add(problem, "the name of the sequence is ");
		query_add_quoted(problem, encoded, len);
		text_add(problem, "; in a name, / is written %2F");
		return false;
	}
	return sequence_target_decode(encoded, len, QUERY_PLUS_IS_ITSELF, SEQUENCE_NAME_MOST_ASKED,
				      name, problem);
}

bool
sequence_target_read_sequence(const char *query, struct sequence_target_name *name,
			      struct text *problem)
{
	struct query_parameter parameter;
	const char *value = "";
	size_t len = 0;

	while (query_next(&query, &parameter))
		if (query_is_named(&parameter, "sequence") && parameter.value != NULL) {
			value = parameter.value;
			len = parameter.value_len;
		}
	return sequence_target_decode(value, len, QUERY_PLUS_IS_BLANK, SEQUENCE_NAME_MOST_ASKED,
				      name, problem);
}

bool
sequence_target_read_order(const char *query, enum front_order *order, struct text *problem)
{
	static const char *const words[] = {"strong", "weak"};
	unsigned choice = FRONT_ORDER_NOT_NAMED;

	if (!query_choose(query, "order", words, &choice, problem))
		return false;
	*order = (enum front_order)choice;
	return true;
}

bool
sequence_target_find_store(const char *query, const struct front_stores *stores,
			   const struct front_store **store, struct text *problem)
{
	struct query_parameter parameter;
	const char *name = FRONT_STORE_OWN;
	size_t len = strlen(name);

	while (query_next(&query, &parameter))
		if (parameter.value != NULL && query_is_named(&parameter, "store")) {
			name = parameter.value;
			len = parameter.value_len;
		}
	*store = front_stores_find(stores, name, len);
	if (*store != NULL)
		return true;
	text_add(problem, "there is no store ");
	query_add_quoted(problem, name, len);
	text_add(problem, "; name one with ?store=NAME: ");
	front_stores_list(stores, problem);
	front_stores_add_remedy(name, len, problem);
	return false;
}

static bool
sequence_target_read_limit(const struct query_parameter *parameter, uint32_t *limit,
			   struct text *problem)
{
	uint64_t number = 0;

	if (parse_number(parameter->value, parameter->value_len, SEQUENCE_TARGET_MOST_PAGE,
			 &number) &&
	    number > 0) {
		*limit = (uint32_t)number;
		return true;
	}
	text_add(problem, "the limit is ");
	query_add_quoted(problem, parameter->value, parameter->value_len);
	text_addf(problem, "; it must be a decimal number from 1 to %d", SEQUENCE_TARGET_MOST_PAGE);
	return false;
}

bool
sequence_target_read_page(const char *query, struct sequence_target_name *after, uint32_t *limit,
			  struct text *problem)
{
	struct query_parameter parameter;

	after->len = 0;
	*limit = SEQUENCE_TARGET_PAGE;
	while (query_next(&query, &parameter)) {
		if (parameter.value == NULL)
			continue;
		if (query_is_named(&parameter, "limit") &&
		    !sequence_target_read_limit(&parameter, limit, problem))
			return false;
		if (query_is_named(&parameter, "after") && parameter.value_len > 0 &&
		    !sequence_target_decode(parameter.value, parameter.value_len,
					    QUERY_PLUS_IS_BLANK, SEQUENCE_NAME_MOST, after,
					    problem))
			return false;
	}
	return true;
}
