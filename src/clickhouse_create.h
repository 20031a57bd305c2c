/*
 * clickhouse_create -- is tickrd clickhouse create: makes the tables and views of events and metrics. Main thread.
 */
#ifndef TICKR_CLICKHOUSE_CREATE_H
#define TICKR_CLICKHOUSE_CREATE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "config/config.h"

/* The tables whose retention --ttl sets. */
enum clickhouse_kept { KEPT_EVENTS, KEPT_METRICS, KEPT_DRIFT, KEPT_OVERFLOW, KEPT_COUNT };

struct clickhouse_create {
	unsigned days[KEPT_COUNT]; /* 0: not given */
};

/* Read the value of --ttl. False: the mistake was printed on standard error. */
bool clickhouse_create_take_ttl(struct clickhouse_create *create, const char *value) MUST_CHECK;

/*
 * Make the objects that are missing, and print a line for each. Return 0, or an exit status: 1, if an object has
 * another shape or could not be made.
 */
int clickhouse_create_run(const struct config *config, const struct clickhouse_create *create);

/* Return a client of the ClickHouse of CONFIG. NULL: the mistake was printed on standard error. */
struct clickhouse *clickhouse_create_client(const struct config *config);

#endif
