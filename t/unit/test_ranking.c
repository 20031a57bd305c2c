#include <criterion/criterion.h>

#include "directory/ranking.h"

#define SEQUENCES 100

static struct sequence sequences[SEQUENCES];

/* The ids that the Ith sequence issued lately, in no order. */
static uint64_t
recent_of(unsigned i)
{
	return (i * 37 % SEQUENCES) * 10;
}

Test(ranking, the_busiest_are_named_in_order_and_the_others_are_summed_up)
{
	struct directory_ranking ranking = {0};
	uint64_t recent = 0, issued = 0;

	for (unsigned i = 0; i < SEQUENCES; i++)
		ranking_add(&ranking, &(struct ranked){&sequences[i], recent_of(i), 5000 + i});
	cr_assert_eq(ranking.count, RANKING_MOST);
	for (unsigned i = 0; i < RANKING_MOST; i++) {
		unsigned sequence = (unsigned)(ranking.busiest[i].sequence - sequences);

		cr_assert_eq(ranking.busiest[i].recent, 10 * (SEQUENCES - 1 - i));
		cr_assert_eq(ranking.busiest[i].recent, recent_of(sequence));
		cr_assert_eq(ranking.busiest[i].issued, 5000 + sequence);
		recent += ranking.busiest[i].recent;
		issued += ranking.busiest[i].issued;
	}
	cr_assert_eq(recent + ranking.other.recent, 10 * SEQUENCES * (SEQUENCES - 1) / 2);
	cr_assert_eq(issued + ranking.other.issued,
		     5000 * SEQUENCES + SEQUENCES * (SEQUENCES - 1) / 2);
	cr_assert_null(ranking.other.sequence);
}

Test(ranking, idle_sequences_are_not_named)
{
	struct directory_ranking ranking = {0};

	ranking_add(&ranking, &(struct ranked){&sequences[0], 0, 1000});
	ranking_add(&ranking, &(struct ranked){&sequences[1], 1, 1});
	cr_assert_eq(ranking.count, 1);
	cr_assert_eq(ranking.busiest[0].sequence, &sequences[1]);
	cr_assert_eq(ranking.other.issued, 1000);
}
