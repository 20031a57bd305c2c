/*
 * clickhouse -- runs statements on a ClickHouse, each in one HTTP request, and waits for the answer.
 *
 * A client belongs to one thread. If the connection breaks, the statement may have run: repeat only statements
 * whose repeat is harmless.
 */
#ifndef TICKR_REMOTE_CLICKHOUSE_H
#define TICKR_REMOTE_CLICKHOUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "remote/clickhouse_url.h"
#include "remote/web.h"

/* Codes of ClickHouse's exceptions. */
#define CLICKHOUSE_UNKNOWN_TABLE    60
#define CLICKHOUSE_UNKNOWN_DATABASE 81
#define CLICKHOUSE_NO_ACCESS	    516

struct clickhouse_settings {
	const struct clickhouse_url *url;
	const char *username;
	const char *password;
	const char *ca_file; /* PEM; "": the certificates that the system trusts */
};

/* A part of the query of a request: a setting, or param_NAME for {NAME:Type} in the statement. */
struct clickhouse_parameter {
	const char *name;
	const char *value;
};

struct clickhouse;

struct clickhouse *clickhouse_new(const struct clickhouse_settings *settings) MUST_CHECK;
void clickhouse_free(struct clickhouse *clickhouse);

/* Everything is the caller's, and needed until the call returns. */
struct clickhouse_statement {
	const char *text;
	const struct clickhouse_parameter *parameters; /* ended by one without a name; NULL: none */
	bool has_no_database;			       /* run it outside of the database */
	uint64_t deadline_ms;			       /* of clock_ms() */
	size_t most_answer;			       /* bytes */
};

/*
 * Run STATEMENT. True: the caller releases ANSWER with web_answer_free(). False: there is no ANSWER, and PROBLEM says
 * why and what to do. Then *CODE is the one of ClickHouse's exception. It is 0 without an answer.
 */
bool clickhouse_run(struct clickhouse *clickhouse, const struct clickhouse_statement *statement,
		    struct web_answer *answer, unsigned *code, struct text *problem) MUST_CHECK;

#endif
