#include "directory/ranking.h"

static void
ranking_add_other(struct directory_ranking *ranking, const struct ranked *ranked)
{
	ranking->other.recent += ranked->recent;
	ranking->other.issued += ranked->issued;
}

void
ranking_add(struct directory_ranking *ranking, const struct ranked *ranked)
{
	size_t place = ranking->count;

	while (place > 0 && ranked->recent > ranking->busiest[place - 1].recent)
		place--;
	if (ranked->recent == 0 || place == RANKING_MOST) {
		ranking_add_other(ranking, ranked);
		return;
	}
	if (ranking->count == RANKING_MOST)
		ranking_add_other(ranking, &ranking->busiest[--ranking->count]);
	for (size_t i = ranking->count++; i > place; i--)
		ranking->busiest[i] = ranking->busiest[i - 1];
	ranking->busiest[place] = *ranked;
}
