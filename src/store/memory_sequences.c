#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/memory_rows.h"

void
memory_sequences_init(struct memory_sequences *sequences)
{
	bool is_new;

	memset(sequences, 0, sizeof(*sequences));
	memory_rows_make(&sequences->rows, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN, &is_new)->newest =
		SEQUENCE_FIRST_CLOCK;
}

void
memory_sequences_destroy(struct memory_sequences *sequences)
{
	memory_rows_clear(&sequences->rows);
	memory_rows_clear(&sequences->copy);
}

void
memory_sequences_keep_copy(struct memory_sequences *sequences)
{
	memory_rows_copy(&sequences->copy, &sequences->rows);
}

void
memory_sequences_restore_copy(struct memory_sequences *sequences)
{
	memory_rows_copy(&sequences->rows, &sequences->copy);
}

uint64_t
memory_sequences_clock(const struct memory_sequences *sequences)
{
	return memory_rows_clock(&sequences->rows)->newest;
}

/* --- sessions ---------------------------------------------------------------------------------- */

static bool
memory_sequences_begin(void)
{
	return true;
}

static void
memory_sequences_nothing(void)
{
}

static void
memory_sequences_claim(struct store_settings *settings)
{
	struct memory_script *script = settings->own;

	memory_script_lock(script);
	script->claims++;
	memory_script_unlock(script);
}

static void
memory_sequences_release(struct store_settings *settings)
{
	struct memory_script *script = settings->own;

	memory_script_lock(script);
	assert(script->claims > 0);
	script->claims--;
	assert(script->claims > 0 || script->sequences.opened == script->sequences.closed);
	memory_script_unlock(script);
}

void
memory_sequences_wait_while_hung(struct memory_script *script)
{
	while (script->hangs)
		pthread_cond_wait(&script->changed, &script->mutex);
}

static enum store_result
memory_sequences_open(const struct store_settings *settings, struct store_session **session,
		      struct text *reason)
{
	struct memory_script *script = settings->own;
	enum store_result result;

	memory_script_lock(script);
	assert(script->claims > 0);
	memory_sequences_wait_while_hung(script);
	result = script->open_result;
	if (result == STORE_OK)
		script->sequences.opened++;
	memory_script_unlock(script);
	if (result != STORE_OK) {
		text_add(reason, "the script says that opening fails");
		return result;
	}
	*session = xcalloc(1, sizeof(**session));
	(*session)->script = script;
	return STORE_OK;
}

static void
memory_sequences_close(struct store_session *session)
{
	memory_script_lock(session->script);
	session->script->sequences.closed++;
	memory_script_unlock(session->script);
	free(session);
}

/* --- the statement ----------------------------------------------------------------------------- */

static void
memory_sequences_take(struct sequence_rows *taken, const struct memory_row *row, bool is_clock)
{
	sequence_rows_take(taken, &(struct sequence_row){
					  .name = row->name,
					  .name_len = row->name_len,
					  .newest = row->newest,
					  .revision = row->revision,
					  .has_raised = is_clock,
					  .raised = row->raised,
					  .seen = row->seen,
					  .most = row->policy.most,
					  .is_retired = row->policy.is_retired,
				  });
}

/* An instance's row that is older than KNOWN stays as it is, so that every statement sees it. */
static void
memory_sequences_write_instance(struct memory_rows *rows, struct sequence_rows *taken)
{
	const struct store_instance *known = taken->order->known;
	bool is_new;
	struct memory_row *row =
		memory_rows_make(rows, taken->instance, SEQUENCE_INSTANCE_LEN, &is_new);

	if (row->newest >= known->count) {
		row->newest++;
		row->seen = known->seen;
	}
	memory_sequences_take(taken, row, false);
}

/* Do to the row of a sequence as a broken store would. */
static void
memory_sequences_break(const struct memory_sequences *sequences, struct memory_row *row,
		       uint32_t count)
{
	if (sequences->repeat_every > 0 && sequences->statements % sequences->repeat_every == 0 &&
	    row->newest >= count)
		row->newest -= count;
	if (sequences->leap_every > 0 && sequences->statements % sequences->leap_every == 0)
		row->newest += count;
}

static void
memory_sequences_move_rows(struct memory_sequences *sequences, struct sequence_rows *taken)
{
	const struct store_order *order = taken->order;
	struct memory_row *clock = memory_rows_clock(&sequences->rows);
	bool is_new;

	for (size_t i = 0; i < order->moves_count; i++) {
		const struct store_move *move = &order->moves[i];
		struct memory_row *row =
			memory_rows_make(&sequences->rows, move->name, move->name_len, &is_new);

		memory_sequences_break(sequences, row, move->count);
		row->newest += move->count;
		memory_sequences_take(taken, row, false);
	}
	clock->newest += order->count;
	memory_sequences_take(taken, clock, true);
	if (taken->instance[0] != '\0')
		memory_sequences_write_instance(&sequences->rows, taken);
}

static enum store_result
memory_sequences_reserve(struct store_session *session, const struct store_order *order,
			 struct ticket_range *bases, struct text *reason)
{
	struct memory_script *script = session->script;
	struct memory_sequences *sequences = &script->sequences;
	struct sequence_rows taken;
	enum store_result result = sequence_rows_begin(&taken, order, reason);
	bool is_failing;
	unsigned us;

	if (result != STORE_OK)
		return result;
	memory_script_lock(script);
	sequences->statements++;
	is_failing =
		sequences->fail_every > 0 && sequences->statements % sequences->fail_every == 0;
	if (!is_failing || sequences->loses_after)
		memory_sequences_move_rows(sequences, &taken);
	us = script->reserve_us;
	result = is_failing ? sequences->failure : STORE_OK;
	memory_sequences_wait_while_hung(script);
	memory_script_unlock(script);
	if (us > 0)
		usleep(us);
	if (result == STORE_OK)
		return sequence_rows_end(&taken, bases, reason);
	text_add(reason, "the script says that this statement fails");
	return result;
}

static uint32_t
memory_sequences_most_per_statement(struct store_session *session)
{
	(void)session;
	return 1000000;
}

/* --- the clock --------------------------------------------------------------------------------- */

/* The rows that a read finds: those of the copy, if a replica answers that lags. */
static const struct memory_rows *
memory_sequences_read(const struct memory_sequences *sequences)
{
	return sequences->is_stale ? &sequences->copy : &sequences->rows;
}

static enum store_result
memory_sequences_newest(struct store_session *session, uint64_t *base, struct text *reason)
{
	struct memory_script *script = session->script;
	const struct memory_row *clock;

	(void)reason;
	memory_script_lock(script);
	memory_sequences_wait_while_hung(script);
	script->sequences.looks++;
	clock = memory_rows_clock(memory_sequences_read(&script->sequences));
	*base = clock->newest;
	session->advances = clock->revision;
	memory_script_unlock(script);
	return STORE_OK;
}

static enum store_result
memory_sequences_confirm(struct store_session *session, uint64_t *base, struct text *reason)
{
	struct memory_script *script = session->script;

	(void)reason;
	memory_script_lock(script);
	memory_sequences_wait_while_hung(script);
	*base = memory_sequences_clock(&script->sequences);
	memory_script_unlock(script);
	return STORE_OK;
}

static const char *
memory_sequences_identity(struct store_session *session)
{
	return session->script->identity;
}

static uint64_t
memory_sequences_advances(struct store_session *session)
{
	return session->advances;
}

static enum store_result
memory_sequences_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	struct memory_script *script = session->script;
	struct memory_row *clock;
	struct timespec now;
	uint64_t now_us;

	(void)reason;
	clock_gettime(CLOCK_REALTIME, &now);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	memory_script_lock(script);
	clock = memory_rows_clock(&script->sequences.rows);
	clock->revision = clock->revision + 1 > now_us ? clock->revision + 1 : now_us;
	if (clock->revision < least)
		clock->revision = least;
	memory_script_unlock(script);
	return STORE_OK;
}

static void
memory_sequences_lift(struct memory_sequences *sequences, uint64_t distance)
{
	struct memory_row *clock = memory_rows_clock(&sequences->rows);

	clock->newest += distance;
	clock->raised += distance;
	sequences->raises += distance > 0;
}

static enum store_result
memory_sequences_advance(struct store_session *session, uint64_t base, struct text *reason)
{
	struct memory_sequences *sequences = &session->script->sequences;
	uint64_t clock;

	(void)reason;
	memory_script_lock(session->script);
	clock = memory_sequences_clock(sequences);
	memory_sequences_lift(sequences, base > clock ? base - clock : 0);
	memory_script_unlock(session->script);
	return STORE_OK;
}

static enum store_result
memory_sequences_raise(struct store_session *session, struct store_instance *row, uint64_t base,
		       struct text *reason)
{
	struct memory_sequences *sequences = &session->script->sequences;
	char name[SEQUENCE_INSTANCE_LEN + 1];
	struct store_instance found = {.count = 0};
	struct memory_row *own;
	uint64_t distance;
	bool is_new;

	(void)reason;
	sequence_rows_name_instance(name, row->id);
	memory_script_lock(session->script);
	own = memory_rows_make(&sequences->rows, name, SEQUENCE_INSTANCE_LEN, &is_new);
	found.count = own->newest;
	found.seen = own->seen;
	distance = sequence_rows_raise(base, memory_sequences_clock(sequences), &found, &row->seen);
	memory_sequences_lift(sequences, distance);
	own->newest = (own->newest > row->count ? own->newest : row->count) + 1;
	own->seen = row->seen;
	row->count = own->newest;
	memory_script_unlock(session->script);
	return STORE_OK;
}

/* --- instances --------------------------------------------------------------------------------- */

static enum store_result
memory_sequences_instance(struct store_session *session, struct store_instance *row,
			  struct text *reason)
{
	char name[SEQUENCE_INSTANCE_LEN + 1];
	const struct memory_row *found;

	(void)reason;
	sequence_rows_name_instance(name, row->id);
	memory_script_lock(session->script);
	memory_sequences_wait_while_hung(session->script);
	found = memory_rows_find(memory_sequences_read(&session->script->sequences), name,
				 SEQUENCE_INSTANCE_LEN);
	row->count = found != NULL ? found->newest : 0;
	row->seen = found != NULL ? found->seen : 0;
	memory_script_unlock(session->script);
	return STORE_OK;
}

static enum store_result
memory_sequences_instances(struct store_session *session,
			   void (*each)(void *arg, const struct store_instance *row), void *arg,
			   struct text *reason)
{
	struct memory_rows rows = {0};

	(void)reason;
	memory_script_lock(session->script);
	memory_rows_copy(&rows, &session->script->sequences.rows);
	memory_script_unlock(session->script);
	for (size_t i = 0; i < rows.count; i++) {
		const struct memory_row *row = rows.all[i];
		struct store_instance instance = {.count = row->newest, .seen = row->seen};

		if (sequence_rows_read_instance(row->name, row->name_len, instance.id))
			each(arg, &instance);
	}
	memory_rows_clear(&rows);
	return STORE_OK;
}

static enum store_result
memory_sequences_fold(struct store_session *session, const char *id, bool *found,
		      struct text *reason)
{
	char name[SEQUENCE_INSTANCE_LEN + 1];

	(void)reason;
	sequence_rows_name_instance(name, id);
	memory_script_lock(session->script);
	*found = memory_rows_remove(&session->script->sequences.rows, name, SEQUENCE_INSTANCE_LEN);
	memory_script_unlock(session->script);
	return STORE_OK;
}

static void
memory_sequences_warn(struct store_session *session, struct text *warnings)
{
	memory_script_lock(session->script);
	if (session->script->warning != NULL)
		text_add(warnings, session->script->warning);
	memory_script_unlock(session->script);
}

const struct store memory_sequences_store = {
	.name = "memory",
	.begin = memory_sequences_begin,
	.end = memory_sequences_nothing,
	.thread_begin = memory_sequences_nothing,
	.thread_end = memory_sequences_nothing,
	.claim = memory_sequences_claim,
	.release = memory_sequences_release,
	.open = memory_sequences_open,
	.close = memory_sequences_close,
	.reserve = memory_sequences_reserve,
	.most_per_statement = memory_sequences_most_per_statement,
	.newest = memory_sequences_newest,
	.confirm = memory_sequences_confirm,
	.identity = memory_sequences_identity,
	.advances = memory_sequences_advances,
	.note_advance = memory_sequences_note_advance,
	.advance = memory_sequences_advance,
	.warn = memory_sequences_warn,
	.instance = memory_sequences_instance,
	.raise = memory_sequences_raise,
	.show = memory_sequences_show,
	.list = memory_sequences_list,
	.count = memory_sequences_count,
	.declare = memory_sequences_declare,
	.retire = memory_sequences_retire,
	.jump = memory_sequences_jump,
	.instances = memory_sequences_instances,
	.fold = memory_sequences_fold,
};
