#include <time.h>

#include "base/clock.h"
#include "front/rewrite.h"
#include "sequence_place.h"
#include "store/wording.h"

/* One question to the table. Only the parts that its function reads are set. */
struct question {
	const struct sequence_request *request;
	struct rewritten name; /* of the request, in the table */
	const struct sequence_policy *wanted;
	uint64_t number;
	store_listed_fn *each;
	void (*each_instance)(void *arg, const struct store_instance *row);
	void *arg;

	enum store_declared declared;
	uint64_t *clock;
	bool is_found;
};

typedef enum store_result question_fn(struct sequence_place *place, struct question *question,
				      struct text *problem);

enum sequence_outcome
sequence_place_open(struct sequence_place *place, struct text *problem)
{
	if (place->session != NULL ||
	    wording_open(place->store, &place->settings, &place->session, problem) == STORE_OK)
		return SEQUENCE_DONE;
	place->session = NULL;
	return SEQUENCE_FAILED;
}

void
sequence_place_close(struct sequence_place *place)
{
	if (place->session != NULL)
		place->store->close(place->session);
	place->session = NULL;
}

static enum sequence_outcome
sequence_place_ask(struct sequence_place *place, question_fn *ask, struct question *question,
		   struct text *problem)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	uint64_t give_up_ms = clock_ms() + place->settings.query_timeout_s * 1000ull;
	enum store_result result;

	if (question->request != NULL &&
	    !rewrite_key(place->prefix, question->request->name, question->request->name_len,
			 &question->name, problem))
		return SEQUENCE_WRONG;
	if (sequence_place_open(place, problem) != SEQUENCE_DONE)
		return SEQUENCE_FAILED;
	while ((result = ask(place, question, problem)) == STORE_BUSY && clock_ms() < give_up_ms) {
		text_clear(problem);
		nanosleep(&pause, NULL);
	}
	if (result == STORE_OK)
		return SEQUENCE_DONE;
	sequence_place_close(place);
	return result == STORE_TOO_LARGE ? SEQUENCE_REFUSED : SEQUENCE_FAILED;
}

/* --- sequences ----------------------------------------------------------------------------------- */

static enum store_result
sequence_place_ask_show(struct sequence_place *place, struct question *question,
			struct text *problem)
{
	return place->store->show(place->session, question->name.name, (uint8_t)question->name.len,
				  &place->listed, &place->is_found, problem);
}

enum sequence_outcome
sequence_place_show(struct sequence_place *place, const struct sequence_request *request,
		    struct text *problem)
{
	struct question question = {.request = request};
	enum sequence_outcome outcome =
		sequence_place_ask(place, sequence_place_ask_show, &question, problem);

	if (outcome != SEQUENCE_DONE)
		place->is_found = false;
	if (!place->is_found)
		place->listed = (struct store_listed){.policy = SEQUENCE_DEFAULT_POLICY};
	return outcome;
}

static enum store_result
sequence_place_ask_declare(struct sequence_place *place, struct question *question,
			   struct text *problem)
{
	return place->store->declare(place->session, question->name.name,
				     (uint8_t)question->name.len, question->wanted,
				     &question->declared, problem);
}

enum sequence_outcome
sequence_place_declare(struct sequence_place *place, const struct sequence_request *request,
		       const struct sequence_policy *wanted, enum store_declared *declared,
		       struct text *problem)
{
	struct question question = {.request = request, .wanted = wanted};
	enum sequence_outcome outcome =
		sequence_place_ask(place, sequence_place_ask_declare, &question, problem);

	*declared = question.declared;
	if (outcome == SEQUENCE_DONE && question.declared == STORE_DECLARED_DIFFERS)
		return SEQUENCE_REFUSED;
	return outcome;
}

static enum store_result
sequence_place_ask_jump(struct sequence_place *place, struct question *question,
			struct text *problem)
{
	return place->store->jump(place->session, question->name.name, (uint8_t)question->name.len,
				  question->number, &question->is_found, problem);
}

enum sequence_outcome
sequence_place_jump(struct sequence_place *place, const struct sequence_request *request,
		    uint64_t number, struct text *problem)
{
	struct question question = {.request = request, .number = number};

	return sequence_place_ask(place, sequence_place_ask_jump, &question, problem);
}

static enum store_result
sequence_place_ask_retire(struct sequence_place *place, struct question *question,
			  struct text *problem)
{
	return place->store->retire(place->session, question->name.name,
				    (uint8_t)question->name.len, &question->is_found, problem);
}

enum sequence_outcome
sequence_place_retire(struct sequence_place *place, const struct sequence_request *request,
		      struct text *problem)
{
	struct question question = {.request = request};

	return sequence_place_ask(place, sequence_place_ask_retire, &question, problem);
}

/* --- lists --------------------------------------------------------------------------------------- */

static enum store_result
sequence_place_ask_list(struct sequence_place *place, struct question *question,
			struct text *problem)
{
	return place->store->list(place->session, question->name.name, (uint8_t)question->name.len,
				  SEQUENCE_PAGE, question->each, question->arg, problem);
}

enum sequence_outcome
sequence_place_list(struct sequence_place *place, const struct sequence_request *request,
		    store_listed_fn *each, void *arg, struct text *problem)
{
	struct question question = {.request = request, .each = each, .arg = arg};

	return sequence_place_ask(place, sequence_place_ask_list, &question, problem);
}

static enum store_result
sequence_place_ask_instances(struct sequence_place *place, struct question *question,
			     struct text *problem)
{
	enum store_result result = place->store->newest(place->session, question->clock, problem);

	if (result != STORE_OK)
		return result;
	return place->store->instances(place->session, question->each_instance, question->arg,
				       problem);
}

enum sequence_outcome
sequence_place_instances(struct sequence_place *place,
			 void (*each)(void *arg, const struct store_instance *row), void *arg,
			 uint64_t *clock, struct text *problem)
{
	struct question question = {.each_instance = each, .arg = arg, .clock = clock};

	return sequence_place_ask(place, sequence_place_ask_instances, &question, problem);
}

static enum store_result
sequence_place_ask_fold(struct sequence_place *place, struct question *question,
			struct text *problem)
{
	return place->store->fold(place->session, question->request->name, &question->is_found,
				  problem);
}

enum sequence_outcome
sequence_place_fold(struct sequence_place *place, const struct sequence_request *request,
		    bool *is_found, struct text *problem)
{
	struct question question = {.request = request};
	enum sequence_outcome outcome =
		sequence_place_ask(place, sequence_place_ask_fold, &question, problem);

	*is_found = question.is_found;
	return outcome;
}
