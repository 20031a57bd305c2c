/*
 * clickhouse_ask -- runs a SELECT in ClickHouse and reads its answer as a table. One thread; it waits for ClickHouse.
 */
#ifndef TICKR_CLICKHOUSE_ASK_H
#define TICKR_CLICKHOUSE_ASK_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "remote/clickhouse.h"
#include "reports/answer.h"

/*
 * Run STATEMENT, whose answer has the format TabSeparatedWithNamesAndTypes. True: the caller releases ANSWER, whose
 * texts are in WEB, with answer_free(), and then WEB. False: PROBLEM says why not, and there are neither.
 */
bool clickhouse_ask(struct clickhouse *clickhouse, const struct clickhouse_statement *statement,
		    struct answer *answer, struct web_answer *web, struct text *problem) MUST_CHECK;

#endif
