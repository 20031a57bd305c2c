#include <assert.h>
#include <string.h>

#include "pool/trust.h"
#include "pool/trust_words.h"

#define DOUBT_LEAST 100	 /* bases that other servers may have issued, however slow they are */
#define DOUBT_MS    1000 /* for statements under way when the counter was last seen */
#define SETTLE_MS   1000 /* after so long a commit that a reader saw is on the disk of the database */

void
trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last)
{
	memset(trust, 0, sizeof(*trust));
	pthread_mutex_init(&trust->mutex, NULL);
	trust->space = *space;
	if (last == NULL)
		return;
	classes_copy(&trust->known, &last->given);
	classes_copy(&trust->certain, &last->given);
	classes_copy(&trust->young, &last->given);
	classes_copy(&trust->unsure, &last->ahead);
	classes_copy(&trust->latches, &last->latches);
	classes_copy(&trust->floors, &last->given);
	for (uint64_t i = 0; i < trust->floors.step; i++)
		if (i >= trust->latches.step || trust->latches.highest[i] == 0)
			trust->floors.highest[i] = 0;
		else if (trust->floors.highest[i] == 0)
			trust->floors.highest[i] = 1;
}

void
trust_use_clock(struct trust *trust, const char *store)
{
	trust->is_clock = true;
	trust->store = store;
	trust->space = (struct ticket_space){1, 0, 1};
}

void
trust_destroy(struct trust *trust)
{
	classes_free(&trust->unsure);
	classes_free(&trust->known);
	classes_free(&trust->floors);
	classes_free(&trust->went_to);
	classes_free(&trust->latches);
	classes_free(&trust->moved[0]);
	classes_free(&trust->moved[1]);
	classes_free(&trust->certain);
	classes_free(&trust->young);
	classes_free(&trust->seen);
	rate_free(&trust->rate);
	pthread_mutex_destroy(&trust->mutex);
}

static uint64_t
trust_top_of(const struct classes *classes, const struct store_share *share)
{
	return classes_top_of(classes, share->increment, share->residue);
}

bool
trust_allows(struct trust *trust, const struct store_share *share, struct text *reason)
{
	struct trust_refusal refusal;

	pthread_mutex_lock(&trust->mutex);
	refusal = (struct trust_refusal){
		.space = trust->is_clock ? NULL : &trust->space,
		.store = trust->store,
		.went_to = trust_top_of(&trust->went_to, share),
		.known = trust_top_of(&trust->known, share),
		.floor = trust_top_of(&trust->floors, share),
		.latch = trust_top_of(&trust->latches, share),
	};
	pthread_mutex_unlock(&trust->mutex);
	if (refusal.floor != 0)
		trust_explain(&refusal, reason);
	return refusal.floor == 0;
}

uint64_t
trust_seen_ms(struct trust *trust)
{
	uint64_t seen_ms;

	pthread_mutex_lock(&trust->mutex);
	seen_ms = trust->seen_ms;
	pthread_mutex_unlock(&trust->mutex);
	return seen_ms;
}

uint64_t
trust_latch(struct trust *trust, const struct store_share *share)
{
	uint64_t latch;

	pthread_mutex_lock(&trust->mutex);
	latch = trust_top_of(&trust->latches, share);
	pthread_mutex_unlock(&trust->mutex);
	return latch;
}

bool
trust_set_latch(struct trust *trust, const struct store_share *share, uint64_t latch)
{
	bool is_refused;

	pthread_mutex_lock(&trust->mutex);
	is_refused = trust_top_of(&trust->floors, share) != 0;
	if (is_refused)
		classes_set(&trust->latches, share->increment, share->residue, latch);
	pthread_mutex_unlock(&trust->mutex);
	return is_refused;
}

bool
trust_pardon(struct trust *trust, const struct store_share *share)
{
	bool is_latched;

	pthread_mutex_lock(&trust->mutex);
	is_latched = trust_top_of(&trust->latches, share) != 0;
	if (!is_latched)
		classes_set(&trust->floors, share->increment, share->residue, 0);
	pthread_mutex_unlock(&trust->mutex);
	return !is_latched;
}

bool
trust_note_move(struct trust *trust, const struct store_share *share, uint64_t past)
{
	struct classes *moved;
	bool is_news;

	pthread_mutex_lock(&trust->mutex);
	moved = &trust->moved[trust_top_of(&trust->floors, share) != 0];
	is_news = past > trust_top_of(moved, share);
	if (is_news)
		classes_set(moved, share->increment, share->residue, past);
	pthread_mutex_unlock(&trust->mutex);
	return is_news;
}

void
trust_remember(struct trust *trust, struct trust_mark *mark, uint64_t now_ms)
{
	mark->began_ms = now_ms;
	pthread_mutex_lock(&trust->mutex);
	classes_copy(&mark->known, &trust->known);
	classes_copy(&mark->certain, &trust->certain);
	mark->recent_count = trust->recent.count;
	mark->advances = trust->advances;
	pthread_mutex_unlock(&trust->mutex);
}

void
trust_mark_free(struct trust_mark *mark)
{
	classes_free(&mark->known);
	classes_free(&mark->certain);
}

/* Forget CLASSES if their step is not STEP. */
static void
trust_keep_step(struct classes *classes, uint64_t step)
{
	if (classes->step != step)
		classes_free(classes);
}

/* Make all bases up to the highest known one unsure, in every class. With the mutex held. */
static void
trust_doubt_known(struct trust *trust)
{
	uint64_t known = classes_top(&trust->known);
	uint64_t unsure = classes_top(&trust->unsure);

	classes_set(&trust->unsure, 1, 0, known > unsure ? known : unsure);
}

void
trust_forget_other_steps(struct trust *trust, struct trust_mark *mark, uint64_t step)
{
	trust_keep_step(&mark->known, step);
	trust_keep_step(&mark->certain, step);
	pthread_mutex_lock(&trust->mutex);
	if (trust->known.step > 0 && trust->known.step != step)
		trust_doubt_known(trust);
	trust_keep_step(&trust->known, step);
	trust_keep_step(&trust->certain, step);
	trust_keep_step(&trust->young, step);
	trust_keep_step(&trust->floors, step);
	trust_keep_step(&trust->went_to, step);
	trust_keep_step(&trust->latches, step);
	pthread_mutex_unlock(&trust->mutex);
}

/* --- seeing the counter ------------------------------------------------------------------------ */

/* Note that the statement of MARK showed the counter of SHARE at BASE. With the mutex held. */
static void
trust_note_seen(struct trust *trust, const struct trust_mark *mark, const struct store_share *share,
		uint64_t base)
{
	if (mark->began_ms > trust->seen_ms)
		trust->seen_ms = mark->began_ms;
	if (mark->began_ms > trust_top_of(&trust->seen, share))
		classes_set(&trust->seen, share->increment, share->residue, mark->began_ms);
	if (mark->advances == trust->advances) /* otherwise it may be from before the advance */
		rate_measure(&trust->rate, share, base, mark->began_ms);
}

/*
 * The counter is moved before the advance is noted. So another statement may have seen the move
 * already, but not long ago.
 */
void
trust_note_advances(struct trust *trust, uint64_t advances)
{
	pthread_mutex_lock(&trust->mutex);
	if (advances > trust->advances) {
		trust->advances = advances;
		rate_forget_latest(&trust->rate);
	}
	pthread_mutex_unlock(&trust->mutex);
}

/* --- refusing ---------------------------------------------------------------------------------- */

/*
 * Return how many bases other servers may have issued from SHARE between its last sight
 * and NOW_MS, at the highest rate. With the mutex held.
 */
static uint64_t
trust_count_doubt(const struct trust *trust, const struct store_share *share, uint64_t now_ms)
{
	uint64_t seen_ms = trust_top_of(&trust->seen, share);
	uint64_t unseen_ms = DOUBT_MS;
	uint64_t doubt;

	if (seen_ms != 0 && now_ms > seen_ms)
		unseen_ms += now_ms - seen_ms;
	if (__builtin_mul_overflow(rate_highest(&trust->rate), unseen_ms, &doubt))
		return UINT64_MAX;
	return doubt / 1000 + DOUBT_LEAST;
}

/* Make bases of SHARE after KNOWN unsure: other servers may have issued them. With the mutex held. */
static void
trust_doubt_beyond(struct trust *trust, const struct store_share *share, uint64_t known,
		   uint64_t now_ms)
{
	uint64_t last = space_last_base(&trust->space);
	uint64_t beyond;

	if (__builtin_add_overflow(known, trust_count_doubt(trust, share, now_ms), &beyond) ||
	    beyond > last)
		beyond = last;
	if (beyond > known && beyond > trust_top_of(&trust->unsure, share))
		classes_set(&trust->unsure, share->increment, share->residue, beyond);
}

/* Return how far the counter of SHARE, which is refused, must be moved. With the mutex held. */
static uint64_t
trust_find_past(const struct trust *trust, const struct store_share *share)
{
	uint64_t floor = trust_top_of(&trust->floors, share);
	uint64_t unsure = trust_top_of(&trust->unsure, share);

	return floor > unsure ? floor : unsure;
}

/* Refuse the database of SHARE, whose counter has gone back in time to WENT_TO. With the mutex held. */
static void
trust_refuse(struct trust *trust, const struct store_share *share, uint64_t went_to,
	     uint64_t now_ms)
{
	uint64_t known = trust_top_of(&trust->known, share);

	classes_set(&trust->went_to, share->increment, share->residue, went_to);
	classes_set(&trust->floors, share->increment, share->residue, known);
	classes_set(&trust->latches, share->increment, share->residue, 0);
	trust_doubt_beyond(trust, share, known, now_ms);
}

/* Make bases certain that were known a while ago: they are on the disk. With the mutex held. */
static void
trust_settle(struct trust *trust, uint64_t now_ms)
{
	if (trust->young_ms != 0 && now_ms < trust->young_ms + SETTLE_MS)
		return;
	classes_copy(&trust->certain, &trust->young);
	classes_copy(&trust->young, &trust->known);
	trust->young_ms = now_ms;
}

/* Trust the database of SHARE, whose newest base is NEWEST. With the mutex held. */
static void
trust_accept_newest(struct trust *trust, const struct store_share *share, uint64_t newest,
		    uint64_t now_ms)
{
	const struct ticket_range own = {trust_own_base(share, newest), share->increment, 1};

	if (trust_top_of(&trust->floors, share) != 0) {
		classes_set(&trust->floors, share->increment, share->residue, 0);
		rate_restart(&trust->rate, share);
	}
	if (own.first > 0)
		classes_raise(&trust->known, &own);
	trust_settle(trust, now_ms);
}

/* --- judging ----------------------------------------------------------------------------------- */

/*
 * Compare BASES, which are higher than the known ones of MARK, with the recent ranges. With the mutex
 * held.
 */
static enum trust_verdict
trust_compare_with_recent(const struct trust *trust, const struct trust_mark *mark,
			  const struct ticket_range *bases)
{
	uint64_t known;

	switch (recent_find(&trust->recent, mark->recent_count, bases)) {
	case RECENT_NEW: return TRUST_ACCEPTED;
	case RECENT_REPEATED: return TRUST_REFUSED;
	case RECENT_UNKNOWN: break;
	}
	return classes_cover_any(&trust->known, bases, &known) ? TRUST_UNSURE : TRUST_ACCEPTED;
}

/* Judge BASES, which are in the class of SHARE. With the mutex held. */
static enum trust_verdict
trust_judge_locked(struct trust *trust, const struct trust_mark *mark,
		   const struct store_share *share, const struct ticket_range *bases,
		   uint64_t *past)
{
	uint64_t known;

	*past = 0;
	if (trust_top_of(&trust->floors, share) != 0 ||
	    classes_cover_any(&mark->certain, bases, &known))
		return TRUST_REFUSED;
	if (classes_cover_any(&mark->known, bases, past)) {
		trust_doubt_beyond(trust, share, *past, mark->began_ms);
		*past = trust_top_of(&trust->unsure, share) > *past
				? trust_top_of(&trust->unsure, share)
				: *past;
		return TRUST_UNSURE;
	}
	if (classes_cover_any(&trust->unsure, bases, past))
		return TRUST_UNSURE;
	return trust_compare_with_recent(trust, mark, bases);
}

enum trust_verdict
trust_judge(struct trust *trust, const struct trust_mark *mark, const struct ticket_range *bases,
	    uint64_t *past, struct text *reason)
{
	const struct store_share share = {bases->increment, bases->first % bases->increment, false};
	enum trust_verdict verdict;
	uint64_t last;
	bool is_in_range = range_last(bases, &last);

	assert(is_in_range);
	pthread_mutex_lock(&trust->mutex);
	verdict = trust_judge_locked(trust, mark, &share, bases, past);
	if (verdict == TRUST_REFUSED && trust_top_of(&trust->floors, &share) == 0)
		trust_refuse(trust, &share, bases->first, mark->began_ms);
	if (verdict == TRUST_REFUSED)
		*past = trust_find_past(trust, &share);
	if (verdict == TRUST_UNSURE && *past > 0)
		rate_restart(&trust->rate, &share);
	if (verdict == TRUST_ACCEPTED) {
		classes_raise(&trust->known, bases);
		classes_raise(&trust->certain, bases);
		classes_raise(&trust->young, bases);
		recent_add(&trust->recent, bases);
		trust_note_seen(trust, mark, &share, last);
	}
	pthread_mutex_unlock(&trust->mutex);
	return trust_allows(trust, &share, reason) ? verdict : TRUST_REFUSED;
}

/* With the mutex held. */
static enum trust_verdict
trust_judge_newest_locked(struct trust *trust, const struct trust_mark *mark,
			  const struct store_share *share, uint64_t newest, uint64_t *past)
{
	uint64_t floor = trust_top_of(&trust->floors, share);

	*past = trust_find_past(trust, share);
	if (newest < floor ||
	    (floor != 0 && (trust->is_clock || trust_top_of(&trust->latches, share) != 0)))
		return TRUST_REFUSED;
	if (newest < trust_top_of(&mark->known, share))
		return TRUST_SUSPECT;
	trust_accept_newest(trust, share, newest, mark->began_ms);
	trust_note_seen(trust, mark, share, newest);
	*past = trust_top_of(&trust->unsure, share);
	if (newest >= *past)
		return TRUST_ACCEPTED;
	rate_restart(&trust->rate, share);
	return TRUST_UNSURE;
}

enum trust_verdict
trust_judge_newest(struct trust *trust, const struct trust_mark *mark,
		   const struct store_share *share, uint64_t newest, uint64_t *past,
		   struct text *reason)
{
	enum trust_verdict verdict;

	pthread_mutex_lock(&trust->mutex);
	verdict = trust_judge_newest_locked(trust, mark, share, newest, past);
	pthread_mutex_unlock(&trust->mutex);
	return trust_allows(trust, share, reason) ? verdict : TRUST_REFUSED;
}

/*
 * Judge NEWEST, which is below the known base of MARK, although no replica has answered. With the mutex held.
 */
static enum trust_verdict
trust_judge_lower(struct trust *trust, const struct trust_mark *mark,
		  const struct store_share *share, uint64_t newest, uint64_t *past)
{
	uint64_t known = trust_top_of(&mark->known, share);
	uint64_t unsure;

	if (newest < trust_top_of(&mark->certain, share)) {
		trust_refuse(trust, share, newest, mark->began_ms);
		*past = trust_find_past(trust, share);
		return TRUST_REFUSED;
	}
	trust_doubt_beyond(trust, share, known, mark->began_ms);
	unsure = trust_top_of(&trust->unsure, share);
	*past = unsure > known ? unsure : known;
	rate_restart(&trust->rate, share);
	return TRUST_UNSURE;
}

enum trust_verdict
trust_judge_confirmed(struct trust *trust, const struct trust_mark *mark,
		      const struct store_share *share, uint64_t newest, uint64_t *past,
		      struct text *reason)
{
	enum trust_verdict verdict;

	pthread_mutex_lock(&trust->mutex);
	verdict = trust_judge_newest_locked(trust, mark, share, newest, past);
	if (verdict == TRUST_SUSPECT)
		verdict = trust_judge_lower(trust, mark, share, newest, past);
	pthread_mutex_unlock(&trust->mutex);
	return trust_allows(trust, share, reason) ? verdict : TRUST_REFUSED;
}

void
trust_accuse(struct trust *trust, const struct trust_mark *mark, const struct store_share *share,
	     uint64_t newest, uint64_t *past)
{
	pthread_mutex_lock(&trust->mutex);
	if (trust_top_of(&trust->floors, share) == 0) {
		if (classes_top(&trust->known) == 0)
			classes_set(&trust->known, share->increment, share->residue, 1);
		trust_refuse(trust, share, newest, mark->began_ms);
	}
	*past = trust_find_past(trust, share);
	pthread_mutex_unlock(&trust->mutex);
}

void
trust_release(struct trust *trust, const struct store_share *share)
{
	pthread_mutex_lock(&trust->mutex);
	classes_set(&trust->floors, share->increment, share->residue, 0);
	classes_set(&trust->latches, share->increment, share->residue, 0);
	rate_restart(&trust->rate, share);
	pthread_mutex_unlock(&trust->mutex);
}

uint64_t
trust_own_base(const struct store_share *share, uint64_t newest)
{
	if (newest < share->residue)
		return 0;
	return newest - (newest - share->residue) % share->increment;
}
