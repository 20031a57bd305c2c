#include <assert.h>
#include <string.h>

#include "store/shelf.h"

/* --- reading -------------------------------------------------------------------------------------- */

static void
shelf_describe(const struct shelf_value *value, uint64_t raised, struct store_listed *listed)
{
	listed->policy = shelf_value_policy(value);
	if (!sequence_rows_number(value->newest, raised, &listed->last))
		listed->last = UINT64_MAX;
}

/* Read the rows NAME and the clock as they are now. */
enum store_result
shelf_show(struct store_session *session, const char *name, uint8_t name_len,
	   struct store_listed *listed, bool *found, struct text *reason)
{
	struct shelf_row row = {.name_len = name_len}, clock_row = {.name_len = SEQUENCE_CLOCK_LEN};
	struct shelf_row *rows[] = {&row, &clock_row};
	struct shelf_value value, clock;
	enum store_result result;

	memcpy(row.name, name, name_len);
	memcpy(clock_row.name, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN);
	result = session->shelf->read(session->own, rows, 2, reason);
	if (result == STORE_OK)
		result = shelf_read_clock(session, &clock_row, &clock, reason);
	*listed = (struct store_listed){.name = name, .name_len = name_len};
	*found = result == STORE_OK && row.is_there && shelf_value_read(row.value, &value);
	if (*found)
		shelf_describe(&value, clock.raised, listed);
	return result;
}

struct shelf_listing {
	uint64_t raised;
	store_listed_fn *each; /* NULL: count */
	void *arg;
	uint64_t count;
};

static void
shelf_each_sequence(void *arg, const struct shelf_row *row)
{
	struct shelf_listing *listing = arg;
	struct store_listed listed = {.name = row->name, .name_len = (uint8_t)row->name_len};
	struct shelf_value value;

	if (!shelf_value_read(row->value, &value))
		return;
	shelf_describe(&value, listing->raised, &listed);
	listing->count += !listed.policy.is_retired;
	if (listing->each != NULL)
		listing->each(listing->arg, &listed);
}

static enum store_result
shelf_list_all(struct store_session *session, const char *after, uint8_t after_len, uint32_t limit,
	       struct shelf_listing *listing, struct text *reason)
{
	struct shelf_row row = {.name_len = SEQUENCE_CLOCK_LEN}, *rows[] = {&row};
	struct shelf_value clock;
	enum store_result result;

	memcpy(row.name, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN);
	result = session->shelf->read(session->own, rows, 1, reason);
	if (result == STORE_OK)
		result = shelf_read_clock(session, &row, &clock, reason);
	if (result != STORE_OK)
		return result;
	listing->raised = clock.raised;
	return session->shelf->list(session->own, after, after_len, limit, shelf_each_sequence,
				    listing, reason);
}

enum store_result
shelf_list(struct store_session *session, const char *after, uint8_t after_len, uint32_t limit,
	   store_listed_fn *each, void *arg, struct text *reason)
{
	struct shelf_listing listing = {.each = each, .arg = arg};

	return shelf_list_all(session, after, after_len, limit, &listing, reason);
}

enum store_result
shelf_count(struct store_session *session, uint64_t *count, struct text *reason)
{
	struct shelf_listing listing = {.count = 0};
	enum store_result result = shelf_list_all(session, "", 0, UINT32_MAX, &listing, reason);

	*count = listing.count;
	return result;
}

/* --- commands ------------------------------------------------------------------------------------- */

/* A command on one sequence. */
struct shelf_command {
	const char *name;
	uint8_t name_len;
	const struct sequence_policy *wanted; /* to declare */
	enum store_declared declared;
	uint64_t number; /* to jump to */
	bool found;

	/* As the step reads them: */
	struct shelf_work work;
	struct shelf_row *row, *mine, *clock_row;
	struct shelf_value value, clock;
	uint64_t before;
};

/* Read the rows of COMMAND. After a result other than STORE_OK its work is dropped. */
static enum store_result
shelf_command_load(struct store_session *session, struct shelf_command *command,
		   struct text *reason)
{
	char name[SHELF_NAME_SIZE];
	enum store_result result;

	memcpy(name, SHELF_MINE, SHELF_MINE_LEN);
	memcpy(name + SHELF_MINE_LEN, command->name, command->name_len);
	command->work.count = 0;
	command->row = shelf_add(session, &command->work, command->name, command->name_len);
	command->clock_row = shelf_add(session, &command->work, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN);
	command->mine =
		shelf_add(session, &command->work, name, SHELF_MINE_LEN + command->name_len);
	result = shelf_load(session, &command->work, reason);
	if (result == STORE_OK)
		result = shelf_load_again(session, &command->work, &command->row, &command->mine, 1,
					  reason);
	if (result == STORE_OK)
		result = shelf_read_clock(session, command->clock_row, &command->clock, reason);
	if (result == STORE_OK)
		result = shelf_read_sequence(session, command->row, command->mine, &command->value,
					     &command->found, &command->before, reason);
	if (result != STORE_OK)
		shelf_drop(session, &command->work);
	return result;
}

static enum store_result
shelf_declare_new(struct shelf_command *command, struct text *reason)
{
	const struct sequence_policy *wanted = command->wanted;
	uint64_t distance, last = wanted->start - 1;
	enum store_result result;

	/* Another program may have issued numbers of this name. */
	if (last < command->before)
		last = command->before;
	result = sequence_rows_jump(0, 0, command->clock.newest, last, &distance, reason);
	if (result != STORE_OK)
		return result;
	command->declared = STORE_DECLARED_MADE;
	shelf_value_set_policy(&command->value, wanted);
	command->value.newest = distance;
	command->value.revision = wanted->revision > 1 ? wanted->revision : 1;
	command->clock.newest += distance;
	shelf_put(command->mine, &(struct shelf_value){.newest = command->clock.newest});
	return STORE_OK;
}

static enum store_result
shelf_declare_step(struct store_session *session, void *arg, struct text *reason)
{
	struct shelf_command *command = arg;
	const struct sequence_policy *wanted = command->wanted;
	enum store_result result = shelf_command_load(session, command, reason);
	struct sequence_policy policy;
	bool is_same = false;

	if (result != STORE_OK)
		return result;
	policy = shelf_value_policy(&command->value);
	command->declared = STORE_DECLARED_CHANGED;
	if (!command->found)
		result = shelf_declare_new(command, reason);
	else if (!sequence_rows_may_become(&policy, wanted, &is_same, reason))
		command->declared = STORE_DECLARED_DIFFERS;
	else if (is_same)
		command->declared = STORE_DECLARED_SAME;
	if (result != STORE_OK || command->declared == STORE_DECLARED_DIFFERS ||
	    command->declared == STORE_DECLARED_SAME) {
		shelf_drop(session, &command->work);
		return result;
	}
	if (command->found) {
		shelf_value_set_policy(&command->value, wanted);
		command->value.revision = command->value.revision + 1 > wanted->revision
						  ? command->value.revision + 1
						  : wanted->revision;
	}
	shelf_put(command->row, &command->value);
	shelf_put(command->clock_row, &command->clock);
	return shelf_commit(session, &command->work, reason);
}

enum store_result
shelf_declare(struct store_session *session, const char *name, uint8_t name_len,
	      const struct sequence_policy *wanted, enum store_declared *declared,
	      struct text *reason)
{
	struct shelf_command command = {.name = name, .name_len = name_len, .wanted = wanted};
	enum store_result result;

	assert(wanted->start >= 1 && wanted->most <= SEQUENCE_MOST);
	result = shelf_repeat(session, shelf_declare_step, &command, reason);
	*declared = command.declared;
	return result;
}

static enum store_result
shelf_retire_step(struct store_session *session, void *arg, struct text *reason)
{
	struct shelf_command *command = arg;
	enum store_result result = shelf_command_load(session, command, reason);

	if (result != STORE_OK)
		return result;
	if (!command->found || command->value.retired > 0) {
		shelf_drop(session, &command->work);
		return STORE_OK;
	}
	command->value.retired = 1;
	command->value.revision++;
	shelf_put(command->row, &command->value);
	return shelf_commit(session, &command->work, reason);
}

enum store_result
shelf_retire(struct store_session *session, const char *name, uint8_t name_len, bool *found,
	     struct text *reason)
{
	struct shelf_command command = {.name = name, .name_len = name_len};
	enum store_result result = shelf_repeat(session, shelf_retire_step, &command, reason);

	*found = command.found;
	return result;
}

static enum store_result
shelf_jump_step(struct store_session *session, void *arg, struct text *reason)
{
	struct shelf_command *command = arg;
	uint64_t distance = 0;
	enum store_result result = shelf_command_load(session, command, reason);

	if (result != STORE_OK)
		return result;
	if (command->found)
		result = sequence_rows_jump(command->value.newest, command->clock.raised,
					    command->clock.newest, command->number, &distance,
					    reason);
	if (distance == 0) {
		shelf_drop(session, &command->work);
		return result;
	}
	command->value.newest += distance;
	command->clock.newest += distance;
	shelf_put(command->row, &command->value);
	shelf_put(command->clock_row, &command->clock);
	return shelf_commit(session, &command->work, reason);
}

enum store_result
shelf_jump(struct store_session *session, const char *name, uint8_t name_len, uint64_t number,
	   bool *found, struct text *reason)
{
	struct shelf_command command = {.name = name, .name_len = name_len, .number = number};
	enum store_result result = shelf_repeat(session, shelf_jump_step, &command, reason);

	*found = command.found;
	return result;
}
