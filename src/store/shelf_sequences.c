#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "store/shelf.h"

#define CLOCK(session, work) shelf_add(session, work, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN)

/* --- sessions ------------------------------------------------------------------------------------- */

static void
shelf_note_row(void *arg, const struct shelf_row *row)
{
	bool *is_found = arg;

	*is_found |= row->name_len >= SHELF_MINE_LEN &&
		     memcmp(row->name, SHELF_MINE, SHELF_MINE_LEN) == 0;
}

/* Make the clock and the identity in a store that has neither, and no sequence of ours. */
static enum store_result
shelf_make(struct store_session *session, struct shelf_work *work, struct text *reason)
{
	bool has_sequences = false;
	enum store_result result = session->shelf->list(session->own, SHELF_MINE, SHELF_MINE_LEN, 1,
							shelf_note_row, &has_sequences, reason);

	if (result != STORE_OK || work->rows[0]->is_there || work->rows[1]->is_there ||
	    has_sequences) {
		shelf_drop(session, work);
		if (result == STORE_OK)
			text_addf(reason,
				  "the row of the clock or the identity in %s is gone: restore it "
				  "from a backup",
				  session->shelf->words);
		return result == STORE_OK ? STORE_REFUSED : result;
	}
	shelf_put(work->rows[0], &(struct shelf_value){.newest = SEQUENCE_FIRST_CLOCK});
	if (!random_id(work->rows[1]->value)) {
		shelf_drop(session, work);
		text_add(reason, "the kernel has no random numbers");
		return STORE_FAILED;
	}
	work->rows[1]->change = SHELF_PUT;
	result = shelf_commit(session, work, reason);
	return result == STORE_OK ? STORE_BUSY : result; /* read it */
}

static enum store_result
shelf_identify(struct store_session *session, void *arg, struct text *reason)
{
	struct shelf_work work = {.count = 0};
	struct shelf_row *clock = CLOCK(session, &work);
	struct shelf_row *identity =
		shelf_add(session, &work, SHELF_IDENTITY, sizeof(SHELF_IDENTITY) - 1);
	struct shelf_value value;
	enum store_result result = shelf_load(session, &work, reason);

	(void)arg;
	if (result == STORE_OK && (!clock->is_there || !identity->is_there))
		return shelf_make(session, &work, reason);
	if (result == STORE_OK)
		result = shelf_read_clock(session, clock, &value, reason);
	if (result == STORE_OK && strlen(identity->value) != RANDOM_ID_LEN) {
		text_addf(reason, "the identity in %s is damaged: restore it from a backup",
			  session->shelf->words);
		result = STORE_REFUSED;
	}
	if (result == STORE_OK)
		memcpy(session->identity, identity->value, RANDOM_ID_SIZE);
	shelf_drop(session, &work);
	return result;
}

enum store_result
shelf_open(const struct shelf *shelf, const struct store_settings *settings,
	   struct store_session **opened, struct text *reason)
{
	struct store_session *session = xcalloc(1, sizeof(*session));
	enum store_result result;

	session->shelf = shelf;
	result = shelf->open(settings, &session->own, reason);
	if (result == STORE_OK)
		result = shelf_repeat(session, shelf_identify, NULL, reason);
	if (result == STORE_OK)
		*opened = session;
	else
		shelf_close(session);
	return result;
}

void
shelf_close(struct store_session *session)
{
	if (session->own != NULL)
		session->shelf->close(session->own);
	for (size_t i = 0; i < SHELF_SLOTS; i++)
		free(session->known[i]);
	free(session);
}

const char *
shelf_identity(struct store_session *session)
{
	return session->identity;
}

void
shelf_warn(struct store_session *session, struct text *warnings)
{
	(void)session;
	(void)warnings;
}

uint32_t
shelf_most_per_statement(struct store_session *session)
{
	(void)session;
	return 1000000;
}

/* --- the statement -------------------------------------------------------------------------------- */

/* Up to SHELF_MOST_MOVES moves of an order, in one transaction. */
struct shelf_chunk {
	struct sequence_rows *taken;
	struct store_move *moves;
	size_t moves_count;
	bool is_first, is_last;
	uint64_t raised; /* as the first chunk saw it */
	struct shelf_value values[SHELF_MOST_MOVES];
};

/* Add the "mine" rows of those sequences that are not ours yet. */
static enum store_result
shelf_add_mine(struct store_session *session, struct shelf_work *work, size_t count,
	       struct shelf_row **mine, struct text *reason)
{
	enum store_result result;

	for (size_t i = 0; i < count; i++) {
		const struct shelf_row *row = work->rows[i];
		char name[SHELF_NAME_SIZE];
		struct shelf_value value;

		mine[i] = NULL;
		if (row->is_there && shelf_value_read(row->value, &value))
			continue;
		memcpy(name, SHELF_MINE, SHELF_MINE_LEN);
		memcpy(name + SHELF_MINE_LEN, row->name, row->name_len);
		mine[i] = shelf_add(session, work, name, SHELF_MINE_LEN + row->name_len);
	}
	result = shelf_load(session, work, reason);
	return result == STORE_OK ? shelf_load_again(session, work, work->rows, mine, count, reason)
				  : result;
}

/* The sequence NAME begins above the numbers up to BEFORE, so the clock moves by as much. */
static enum store_result
shelf_begin_above(const struct store_session *session, const struct shelf_row *row, uint64_t before,
		  struct shelf_value *value, struct shelf_value *clock, struct text *reason)
{
	uint64_t distance;
	enum store_result result =
		sequence_rows_jump(0, 0, clock->newest, before, &distance, reason);

	if (result != STORE_OK)
		return result;
	value->newest = distance;
	clock->newest += distance;
	log_info("sequence begins above the counter of another program",
		 LOG_TEXT("sequence", row->name), LOG_NUMBER("last", before),
		 LOG_TEXT("store", session->shelf->words));
	return STORE_OK;
}

static enum store_result
shelf_move(const struct store_session *session, struct shelf_row *row, struct shelf_row *mine,
	   uint32_t count, struct shelf_value *value, struct shelf_value *clock,
	   struct text *reason)
{
	uint64_t before;
	bool found;
	enum store_result result =
		shelf_read_sequence(session, row, mine, value, &found, &before, reason);

	if (result == STORE_OK && before > 0)
		result = shelf_begin_above(session, row, before, value, clock, reason);
	if (result != STORE_OK)
		return result;
	if (value->newest + count > INT64_MAX || clock->newest + count > INT64_MAX) {
		text_addf(reason, "the clock or a sequence in %s is at its end",
			  session->shelf->words);
		return STORE_EXHAUSTED;
	}
	value->newest += count;
	clock->newest += count;
	shelf_put(row, value);
	if (mine != NULL)
		shelf_put(mine, &(struct shelf_value){.newest = clock->newest});
	return STORE_OK;
}

/* A row that is older than KNOWN stays as it is, so that every statement sees it. */
static void
shelf_count_instance(struct shelf_row *row, const struct store_instance *known,
		     struct shelf_value *value)
{
	if (!row->is_there || !shelf_value_read(row->value, value))
		*value = (struct shelf_value){0};
	if (value->newest < known->count)
		return;
	value->newest++;
	value->seen = known->seen;
	shelf_put(row, value);
}

static void
shelf_take(struct sequence_rows *taken, const char *name, size_t name_len,
	   const struct shelf_value *value, bool is_clock)
{
	sequence_rows_take(taken, &(struct sequence_row){
					  .name = name,
					  .name_len = name_len,
					  .newest = value->newest,
					  .revision = value->revision,
					  .has_raised = is_clock,
					  .raised = value->raised,
					  .seen = value->seen,
					  .most = value->most,
					  .is_retired = value->retired > 0,
				  });
}

/* The chunk was committed. Of several chunks the last one has the clock. */
static void
shelf_take_chunk(struct shelf_chunk *chunk, const struct shelf_value *clock,
		 const struct shelf_value *instance)
{
	for (size_t i = 0; i < chunk->moves_count; i++)
		shelf_take(chunk->taken, chunk->moves[i].name, chunk->moves[i].name_len,
			   &chunk->values[i], false);
	if (!chunk->is_last)
		return;
	shelf_take(chunk->taken, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN, clock, true);
	if (chunk->taken->instance[0] != '\0')
		shelf_take(chunk->taken, chunk->taken->instance, SEQUENCE_INSTANCE_LEN, instance,
			   false);
}

/* Compute the rows of CHUNK, whose moves are the first rows of WORK. */
static enum store_result
shelf_compute_chunk(struct store_session *session, struct shelf_work *work,
		    struct shelf_chunk *chunk, struct shelf_value *clock,
		    struct shelf_value *instance, struct text *reason)
{
	const struct store_order *order = chunk->taken->order;
	struct shelf_row *mine[SHELF_MOST_MOVES], *clock_row, *instance_row = NULL;
	enum store_result result;

	for (size_t i = 0; i < chunk->moves_count; i++)
		(void)shelf_add(session, work, chunk->moves[i].name, chunk->moves[i].name_len);
	clock_row = CLOCK(session, work);
	if (order->known != NULL)
		instance_row =
			shelf_add(session, work, chunk->taken->instance, SEQUENCE_INSTANCE_LEN);
	result = shelf_load(session, work, reason);
	if (result == STORE_OK)
		result = shelf_add_mine(session, work, chunk->moves_count, mine, reason);
	if (result == STORE_OK)
		result = shelf_read_clock(session, clock_row, clock, reason);
	for (size_t i = 0; i < chunk->moves_count && result == STORE_OK; i++)
		result = shelf_move(session, work->rows[i], mine[i], chunk->moves[i].count,
				    &chunk->values[i], clock, reason);
	if (result != STORE_OK)
		return result;
	shelf_put(clock_row, clock);
	if (instance_row != NULL)
		shelf_count_instance(instance_row, order->known, instance);
	return STORE_OK;
}

static enum store_result
shelf_run_chunk(struct store_session *session, void *arg, struct text *reason)
{
	struct shelf_chunk *chunk = arg;
	struct shelf_work work = {.count = 0};
	struct shelf_value clock = {0}, instance = {0};
	enum store_result result =
		shelf_compute_chunk(session, &work, chunk, &clock, &instance, reason);

	if (result == STORE_OK && !chunk->is_first && clock.raised != chunk->raised) {
		text_add(reason, "all sequences were raised meanwhile");
		result = STORE_UNREADY;
	}
	if (result != STORE_OK) {
		shelf_drop(session, &work);
		return result;
	}
	chunk->raised = clock.raised;
	result = shelf_commit(session, &work, reason);
	if (result == STORE_OK)
		shelf_take_chunk(chunk, &clock, &instance);
	return result;
}

/*
 * More moves than fit into one transaction take several, and each moves the clock by its own counts. If one of
 * them fails, the numbers of those before are a gap.
 */
enum store_result
shelf_reserve(struct store_session *session, const struct store_order *order,
	      struct ticket_range *bases, struct text *reason)
{
	struct sequence_rows taken;
	struct shelf_chunk chunk = {.taken = &taken, .is_first = true};
	enum store_result result = sequence_rows_begin(&taken, order, reason);
	size_t at = 0;

	if (result != STORE_OK)
		return result;
	do {
		size_t left = order->moves_count - at;

		chunk.moves = order->moves + at;
		chunk.moves_count = left < SHELF_MOST_MOVES ? left : SHELF_MOST_MOVES;
		chunk.is_last = chunk.moves_count == left;
		result = shelf_repeat(session, shelf_run_chunk, &chunk, reason);
		chunk.is_first = false;
		at += chunk.moves_count;
	} while (result == STORE_OK && at < order->moves_count);
	/* A raise between two chunks, and only that, is UNREADY: the caller asks again. */
	if (result == STORE_UNREADY)
		result = STORE_BUSY;
	return result == STORE_OK ? sequence_rows_end(&taken, bases, reason) : result;
}
