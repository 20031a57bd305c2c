#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sequence_rows.h"

#define UNREAD UINT64_MAX /* newest of a move whose row was not read yet */
#define CLOCK_HIGHEST \
	(1ull << 62) /* a jump ends here, so that statements and raises have the other half */

void
sequence_rows_name_instance(char name[SEQUENCE_INSTANCE_LEN + 1], const char *id)
{
	assert(strlen(id) == RANDOM_ID_LEN);
	snprintf(name, SEQUENCE_INSTANCE_LEN + 1, "%s%s", SEQUENCE_INSTANCE, id);
}

bool
sequence_rows_read_instance(const char *name, size_t name_len, char id[RANDOM_ID_SIZE])
{
	if (name_len != SEQUENCE_INSTANCE_LEN ||
	    memcmp(name, SEQUENCE_INSTANCE, sizeof(SEQUENCE_INSTANCE) - 1) != 0)
		return false;
	snprintf(id, RANDOM_ID_SIZE, "%.*s", RANDOM_ID_LEN, name + sizeof(SEQUENCE_INSTANCE) - 1);
	return true;
}

int
sequence_rows_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order != 0)
		return order;
	return (a_len > b_len) - (a_len < b_len);
}

static int
sequence_rows_compare_moves(const void *a, const void *b)
{
	const struct store_move *one = a, *other = b;

	return sequence_rows_compare(one->name, one->name_len, other->name, other->name_len);
}

/* --- the statement ----------------------------------------------------------------------------- */

enum store_result
sequence_rows_begin(struct sequence_rows *rows, const struct store_order *order,
		    struct text *reason)
{
	uint64_t sum = 0;

	assert(order->moves_count <= STORE_MOST_MOVES);
	*rows = (struct sequence_rows){.order = order};
	if (order->known != NULL)
		sequence_rows_name_instance(rows->instance, order->known->id);
	if (order->moves_count > 1)
		qsort(order->moves, order->moves_count, sizeof(order->moves[0]),
		      sequence_rows_compare_moves);
	for (size_t i = 0; i < order->moves_count; i++) {
		struct store_move *move = &order->moves[i];

		assert(move->name_len > 0 && (unsigned char)move->name[0] != SEQUENCE_RESERVED);
		move->newest = UNREAD;
		sum += move->count;
		if (move->count > 0 && (i == 0 || sequence_rows_compare_moves(move - 1, move) != 0))
			continue;
		text_add(reason, "a sequence stands in a statement twice, or wants nothing");
		return STORE_FAILED;
	}
	if (sum == order->count)
		return STORE_OK;
	text_add(reason, "the counts of a statement do not add up");
	return STORE_FAILED;
}

/* Return the move of the sequence NAME. Rows usually arrive in the order of the moves. */
static struct store_move *
sequence_rows_find(struct sequence_rows *rows, const char *name, size_t name_len)
{
	const struct store_order *order = rows->order;
	struct store_move key = {.name = name, .name_len = (uint8_t)name_len};
	struct store_move *found;

	if (name_len > SEQUENCE_NAME_MOST || order->moves_count == 0)
		return NULL;
	if (rows->next < order->moves_count &&
	    sequence_rows_compare_moves(&key, &order->moves[rows->next]) == 0)
		return &order->moves[rows->next++];
	found = bsearch(&key, order->moves, order->moves_count, sizeof(key),
			sequence_rows_compare_moves);
	if (found != NULL)
		rows->next = (size_t)(found - order->moves) + 1;
	return found;
}

static void
sequence_rows_take_move(struct sequence_rows *rows, const struct sequence_row *row)
{
	struct store_move *move = sequence_rows_find(rows, row->name, row->name_len);

	if (move == NULL || move->newest != UNREAD) {
		rows->has_stranger = true;
		return;
	}
	rows->found++;
	move->newest = row->newest;
	move->revision = (uint32_t)row->revision;
	move->is_retired = row->is_retired;
	move->most = row->most == 0 || row->most > SEQUENCE_MOST ? SEQUENCE_MOST : row->most;
}

void
sequence_rows_take(struct sequence_rows *rows, const struct sequence_row *row)
{
	struct store_instance *found = rows->order->found;

	if (row->name_len == SEQUENCE_CLOCK_LEN &&
	    memcmp(row->name, SEQUENCE_CLOCK, SEQUENCE_CLOCK_LEN) == 0) {
		rows->has_clock = row->has_raised && !rows->has_clock;
		rows->clock = row->newest;
		rows->raised = row->raised;
	} else if (rows->instance[0] != '\0' && row->name_len == SEQUENCE_INSTANCE_LEN &&
		   memcmp(row->name, rows->instance, SEQUENCE_INSTANCE_LEN) == 0) {
		rows->has_instance = true;
		memcpy(found->id, rows->order->known->id, sizeof(found->id));
		found->count = row->newest;
		found->seen = row->seen;
	} else
		sequence_rows_take_move(rows, row);
}

static bool
sequence_rows_finish_moves(const struct sequence_rows *rows)
{
	for (size_t i = 0; i < rows->order->moves_count; i++) {
		struct store_move *move = &rows->order->moves[i];

		if (move->newest < move->count || move->newest > INT64_MAX ||
		    !sequence_rows_number(move->newest, rows->raised, &move->newest))
			return false;
	}
	return true;
}

enum store_result
sequence_rows_end(struct sequence_rows *rows, struct ticket_range *bases, struct text *reason)
{
	uint32_t count = rows->order->count;

	if (!rows->has_clock || rows->clock > INT64_MAX)
		text_add(reason,
			 "the row of the clock in the table `tickr_sequences` is gone or damaged: "
			 "restore the database");
	else if (rows->has_stranger || rows->found < rows->order->moves_count ||
		 (rows->instance[0] != '\0' && !rows->has_instance))
		text_add(reason, "the database did not return each row of the table "
				 "`tickr_sequences` once: a trigger changes names; drop it");
	else if (rows->clock < (uint64_t)count + SEQUENCE_FIRST_CLOCK ||
		 !sequence_rows_finish_moves(rows))
		text_add(reason,
			 "rows of the table `tickr_sequences` are lower than their statement "
			 "can have left them: a trigger changes numbers; drop it");
	else {
		*bases = (struct ticket_range){rows->clock - count + 1, 1, count};
		return STORE_OK;
	}
	return STORE_REFUSED;
}

/* --- numbers ------------------------------------------------------------------------------------ */

bool
sequence_rows_number(uint64_t newest, uint64_t raised, uint64_t *number)
{
	return !__builtin_add_overflow(newest, raised, number);
}

bool
sequence_rows_may_become(const struct sequence_policy *policy, const struct sequence_policy *wanted,
			 bool *is_same, struct text *reason)
{
	bool is_scrambled = policy->form == SEQUENCE_SCRAMBLED;

	*is_same = policy->is_declared && policy->order == wanted->order &&
		   policy->most == wanted->most && policy->width == wanted->width;
	if (policy->is_retired)
		text_add(reason, "it is retired, and a retired name is refused for ever: choose "
				 "another name");
	else if (policy->form != wanted->form)
		text_addf(reason, "it exists, and its ids are %s: another form would repeat ids",
			  is_scrambled ? "scrambled" : "plain");
	else if (policy->fingerprint != wanted->fingerprint)
		text_add(reason, "it exists, and another key scrambles its ids: a second key "
				 "would repeat ids");
	else if (is_scrambled && policy->width != wanted->width)
		text_addf(reason,
			  "it exists, and its ids are scrambled over %u bits: another width "
			  "would repeat ids",
			  policy->width);
	else if (policy->start != wanted->start)
		text_addf(reason,
			  "it exists, and it began at %" PRIu64
			  ": to move it forward, run tickrd sequence advance",
			  policy->start);
	else
		return true;
	return false;
}

enum store_result
sequence_rows_jump(uint64_t newest, uint64_t raised, uint64_t clock, uint64_t number,
		   uint64_t *distance, struct text *reason)
{
	uint64_t last;

	*distance = 0;
	if (!sequence_rows_number(newest, raised, &last) || last >= number)
		return STORE_OK;
	if (number - last > SEQUENCE_MOST_JUMP)
		text_addf(reason,
			  "from %" PRIu64 " to %" PRIu64
			  " is too far: a sequence is moved by at most 9007199254740992 "
			  "in one step",
			  last, number);
	else if (clock > CLOCK_HIGHEST - (number - last))
		text_add(reason, "too many numbers were skipped in this database: no sequence can "
				 "be moved any more");
	else {
		*distance = number - last;
		return STORE_OK;
	}
	return STORE_TOO_LARGE;
}

uint64_t
sequence_rows_raise(uint64_t base, uint64_t clock, const struct store_instance *found,
		    uint64_t *seen)
{
	uint64_t from = found->count > 0 ? found->seen : 0;

	if (from > clock)
		from = clock;
	*seen = base > from ? base : from;
	return *seen - from;
}
