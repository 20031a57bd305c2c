#include "clickhouse_ask.h"

bool
clickhouse_ask(struct clickhouse *clickhouse, const struct clickhouse_statement *statement,
	       struct answer *answer, struct web_answer *web, struct text *problem)
{
	unsigned code;

	if (!clickhouse_run(clickhouse, statement, web, &code, problem))
		return false;
	if (answer_read(answer, web->body, web->body_len))
		return true;
	text_add(problem, "ClickHouse's answer is not a table");
	answer_free(answer);
	web_answer_free(web);
	return false;
}
