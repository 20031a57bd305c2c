#include "held/key.h"

static void
held_key_drop_piece(struct held_key *key, unsigned i)
{
	for (; i + 1 < HELD_PIECES; i++)
		key->pieces[i] = key->pieces[i + 1];
	key->pieces[HELD_PIECES - 1].count = 0;
}

static void
held_key_abandon_piece(struct held_key *key, unsigned i, struct held_tally *tally)
{
	atomic_fetch_sub(&tally->held, key->pieces[i].count);
	atomic_fetch_add(&tally->abandoned, key->pieces[i].count);
	held_key_drop_piece(key, i);
}

/* Append PIECE to the piece LAST, if it continues it. */
static bool
held_key_join(struct held_piece *last, const struct held_piece *piece)
{
	struct ticket_range range = {last->first, last->increment, last->count};
	struct ticket_range more = {piece->first, piece->increment, piece->count};

	if (last->database != piece->database || !range_join(&range, &more))
		return false;
	last->count = range.count;
	if (piece->refusals < last->refusals)
		last->refusals = piece->refusals;
	return true;
}

void
held_key_add(struct held_key *key, const struct ticket_range *bases, unsigned database,
	     uint32_t refusals, struct held_tally *tally)
{
	struct held_piece piece = {bases->first, bases->count, (uint32_t)bases->increment, refusals,
				   (uint8_t)database};
	unsigned n = 0;

	if (bases->increment > UINT32_MAX) {
		atomic_fetch_add(&tally->abandoned, bases->count);
		return;
	}
	atomic_fetch_add(&tally->held, bases->count);
	while (n < HELD_PIECES && key->pieces[n].count > 0)
		n++;
	if (n > 0 && held_key_join(&key->pieces[n - 1], &piece))
		return;
	if (n == HELD_PIECES)
		held_key_abandon_piece(key, 0, tally);
	key->pieces[n == HELD_PIECES ? n - 1 : n] = piece;
}

bool
held_key_take(struct held_key *key, uint32_t count, struct ticket_range *taken, unsigned *database,
	      struct held_tally *tally)
{
	struct held_piece *first = &key->pieces[0];
	struct ticket_range range;
	unsigned i = 0;

	while (i < HELD_PIECES && key->pieces[i].count < count)
		i++;
	if (i == HELD_PIECES)
		return false;
	while (i-- > 0)
		held_key_abandon_piece(key, 0, tally);
	range = (struct ticket_range){first->first, first->increment, first->count};
	*taken = range_take(&range, count);
	*database = first->database;
	first->first = range.first;
	first->count = range.count;
	if (first->count == 0)
		held_key_drop_piece(key, 0);
	atomic_fetch_sub(&tally->held, count);
	return true;
}

uint64_t
held_key_count(const struct held_key *key)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < HELD_PIECES; i++)
		count += key->pieces[i].count;
	return count;
}

void
held_key_abandon_below(struct held_key *key, unsigned database, uint64_t number,
		       struct held_tally *tally)
{
	for (unsigned i = HELD_PIECES; i-- > 0;)
		if (key->pieces[i].count > 0 && key->pieces[i].database == database &&
		    key->pieces[i].first < number)
			held_key_abandon_piece(key, i, tally);
}

void
held_key_abandon(struct held_key *key, struct held_tally *tally)
{
	while (key->pieces[0].count > 0)
		held_key_abandon_piece(key, 0, tally);
}

void
held_key_abandon_doubtful(struct held_key *key, const struct held_databases *databases,
			  uint64_t now_ms, uint64_t outage_ms, struct held_tally *tally)
{
	for (unsigned i = HELD_PIECES; i-- > 0;) {
		const struct held_piece *piece = &key->pieces[i];

		if (piece->count > 0 &&
		    (held_databases_was_refused(databases, piece->database, piece->refusals) ||
		     held_databases_age_ms(databases, piece->database, now_ms) > outage_ms))
			held_key_abandon_piece(key, i, tally);
	}
}
