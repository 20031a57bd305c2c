#include <string.h>

#include "base/parse.h"
#include "base/random.h"
#include "sequence_request.h"
#include "ticket/sequence_name.h"

static bool
sequence_request_is_instance(const char *id, size_t len, struct text *problem)
{
	if (len == RANDOM_ID_LEN && strspn(id, "0123456789abcdef") == len)
		return true;
	text_addf(problem,
		  "an instance is named by %d hexadecimal digits in lower case: run tickrd "
		  "sequence list --instances",
		  RANDOM_ID_LEN);
	return false;
}

/* Names of one more page are longer than those that clients may make: other programs may have made them. */
bool
sequence_request_set_name(struct sequence_request *request, const char *name, size_t len,
			  struct text *problem)
{
	size_t most =
		request->task == SEQUENCE_CREATE ? SEQUENCE_NAME_MOST_ASKED : SEQUENCE_NAME_MOST;
	bool is_first_page = request->task == SEQUENCE_LIST && len == 0;

	if (request->task == SEQUENCE_FOLD) {
		if (!sequence_request_is_instance(name, len, problem))
			return false;
	} else if (!is_first_page && !sequence_name_is_valid(name, len, most, problem))
		return false;
	memcpy(request->name, name, len);
	request->name[len] = '\0';
	request->name_len = (uint8_t)len;
	return true;
}

static bool
sequence_request_set_id(struct sequence_request *request, const char *option, const char *value,
			struct text *problem)
{
	if (parse_number(value, strlen(value), SPACE_LAST_TICKET, &request->id))
		return true;
	text_addf(problem, "%s takes an id, a whole number from 0 to 9223372036854775807, not ",
		  option);
	text_add_quoted(problem, value, 64);
	return false;
}

bool
sequence_request_set_store(struct sequence_request *request, const char *store,
			   struct text *problem)
{
	size_t len = strlen(store);

	if (len >= sizeof(request->store)) {
		text_addf(problem, "the name of a store has 1 to %zu bytes, and this one has %zu",
			  sizeof(request->store) - 1, len);
		return false;
	}
	memcpy(request->store, store, len + 1);
	return true;
}

bool
sequence_request_set(struct sequence_request *request, const char *option, const char *value,
		     struct text *problem)
{
	if (strcmp(option, "store") == 0)
		return sequence_request_set_store(request, value, problem);
	if (request->task == SEQUENCE_CREATE)
		return sequence_wish_set(&request->wish, option, value, problem);
	if (request->task == SEQUENCE_LIST && strcmp(option, "after") == 0)
		return sequence_request_set_name(request, value, strlen(value), problem);
	if ((request->task == SEQUENCE_ADVANCE && strcmp(option, "past") == 0) ||
	    (request->task == SEQUENCE_DECODE && strcmp(option, "id") == 0))
		return sequence_request_set_id(request, option, value, problem);
	text_add_quoted(problem, option, 64);
	text_add(problem, " is not an option of this command");
	return false;
}
