/*
 * no_trust -- replaces pool/trust.c and pool/paces.c, and accepts every range of a database.
 *
 * With it and a store that repeats ranges, a server breaks the law. So it does with one that repeats numbers of named
 * sequences. t/torture.t shows that the checker notices. Only paces.c notices a sequence that moves further than the
 * clock.
 */
#include "base/attributes.h"
#include "base/clock.h"
#include "pool/paces.h"
#include "pool/trust.h"

void
trust_init(struct trust *trust, const struct ticket_space *space, const struct record *last)
{
	(void)trust;
	(void)space;
	(void)last;
}

void
trust_destroy(struct trust *trust)
{
	(void)trust;
}

bool
trust_allows(struct trust *trust, const struct store_share *share, struct text *reason)
{
	(void)trust;
	(void)share;
	(void)reason;
	return true;
}

void
trust_remember(struct trust *trust, struct trust_mark *mark, uint64_t now_ms)
{
	(void)trust;
	(void)mark;
	(void)now_ms;
}

uint64_t
trust_seen_ms(struct trust *trust)
{
	(void)trust;
	return clock_ms();
}

uint64_t
trust_latch(struct trust *trust, const struct store_share *share)
{
	(void)trust;
	(void)share;
	return 0;
}

bool
trust_set_latch(struct trust *trust, const struct store_share *share, uint64_t latch)
{
	(void)trust;
	(void)share;
	(void)latch;
	return false;
}

void
trust_mark_free(struct trust_mark *mark)
{
	(void)mark;
}

void
trust_note_advances(struct trust *trust, uint64_t advances)
{
	(void)trust;
	(void)advances;
}

bool
trust_pardon(struct trust *trust, const struct store_share *share)
{
	(void)trust;
	(void)share;
	return false;
}

bool
trust_note_move(struct trust *trust, const struct store_share *share, uint64_t past)
{
	(void)trust;
	(void)share;
	(void)past;
	return false;
}

void
trust_forget_other_steps(struct trust *trust, struct trust_mark *mark, uint64_t step)
{
	(void)trust;
	(void)mark;
	(void)step;
}

enum trust_verdict
trust_judge(struct trust *trust, const struct trust_mark *mark, const struct ticket_range *bases,
	    uint64_t *past, struct text *reason)
{
	(void)trust;
	(void)mark;
	(void)bases;
	(void)past;
	(void)reason;
	return TRUST_ACCEPTED;
}

enum trust_verdict
trust_judge_newest(struct trust *trust, const struct trust_mark *mark,
		   const struct store_share *share, uint64_t newest, uint64_t *past,
		   struct text *reason)
{
	(void)trust;
	(void)mark;
	(void)share;
	(void)newest;
	(void)past;
	(void)reason;
	return TRUST_ACCEPTED;
}

enum trust_verdict
trust_judge_confirmed(struct trust *trust, const struct trust_mark *mark,
		      const struct store_share *share, uint64_t newest, uint64_t *past,
		      struct text *reason)
{
	return trust_judge_newest(trust, mark, share, newest, past, reason);
}

void
trust_use_clock(struct trust *trust, const char *store)
{
	(void)store;
	(void)trust;
}

void
trust_accuse(struct trust *trust, const struct trust_mark *mark, const struct store_share *share,
	     uint64_t newest, uint64_t *past)
{
	(void)trust;
	(void)mark;
	(void)share;
	(void)newest;
	*past = 0;
}

void
trust_release(struct trust *trust, const struct store_share *share)
{
	(void)trust;
	(void)share;
}

uint64_t
trust_own_base(const struct store_share *share, uint64_t newest)
{
	(void)share;
	return newest;
}

bool
paces_note(struct paces *paces, const struct store_move *move, uint64_t clock)
{
	(void)paces;
	(void)move;
	(void)clock;
	return true;
}

void
paces_note_raise(struct paces *paces)
{
	(void)paces;
}
