/*
 * busiest -- the busiest named sequences on a page of metrics: never a label for each name. Pure; any thread.
 */
#ifndef TICKR_FRONT_BUSIEST_H
#define TICKR_FRONT_BUSIEST_H

#include "base/text.h"
#include "directory/ranking.h"

#define BUSIEST_PAGE_SIZE 16384

/* Add RANKING to PAGE. The names in it are those of sequences, so a NUL ends them. */
void busiest_write(const struct directory_ranking *ranking, struct text *page);

#endif
