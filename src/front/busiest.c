#include <inttypes.h>

#include "front/busiest.h"
#include "metrics/metrics.h"

enum busiest_metric {
#define NAMED_METRIC(id, name, help) METRIC_##id,
#include "metrics/counters.h"
};

static const struct {
	const char *name;
	const char *help;
} busiest_table[] = {
#define NAMED_METRIC(id, name, help) [METRIC_##id] = {name, help},
#include "metrics/counters.h"
};

static const char *
busiest_begin(struct text *page, enum busiest_metric metric)
{
	const char *name = busiest_table[metric].name;

	text_addf(page, "# HELP %s %s\n# TYPE %s gauge\n", name, busiest_table[metric].help, name);
	return name;
}

void
busiest_write(const struct directory_ranking *ranking, struct text *page)
{
	const char *name = busiest_begin(page, METRIC_BUSIEST);

	for (size_t i = 0; i < ranking->count; i++) {
		text_addf(page, "%s{sequence=\"", name);
		metrics_add_escaped(page, ranking->busiest[i].sequence->name);
		text_addf(page, "\"} %" PRIu64 "\n", ranking->busiest[i].recent);
	}
	name = busiest_begin(page, METRIC_OTHERS);
	text_addf(page, "%s %" PRIu64 "\n", name, ranking->other.recent);
}
