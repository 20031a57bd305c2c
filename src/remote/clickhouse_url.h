/*
 * clickhouse_url -- reads the address of a ClickHouse, such as http://stats.example:8123/tickr. Pure; any thread.
 */
#ifndef TICKR_REMOTE_CLICKHOUSE_URL_H
#define TICKR_REMOTE_CLICKHOUSE_URL_H

#include <stdbool.h>

#include "base/attributes.h"

#define CLICKHOUSE_ENDPOINT_SIZE 300 /* bytes, with a NUL */
#define CLICKHOUSE_DATABASE_SIZE 65

struct clickhouse_url {
	char endpoint[CLICKHOUSE_ENDPOINT_SIZE]; /* as web_new() takes it */
	char database[CLICKHOUSE_DATABASE_SIZE]; /* letters, digits and "_" */
};

/* Read TEXT into URL. Return NULL, or the mistake in words, and then URL is not defined. */
const char *clickhouse_url_parse(const char *text, struct clickhouse_url *url) MUST_CHECK;

#endif
