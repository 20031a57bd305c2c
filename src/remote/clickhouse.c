#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "remote/clickhouse.h"

#define HEADER_SIZE 2048
#define PATH_SIZE   4096
#define CONNECT_MS  5000
#define MOST_SHOWN  400 /* bytes of ClickHouse's words */
#define MOST_CODE   9999

struct clickhouse {
	struct web *web;
	char database[CLICKHOUSE_DATABASE_SIZE];
	char user[HEADER_SIZE];
	char key[HEADER_SIZE];
};

struct clickhouse *
clickhouse_new(const struct clickhouse_settings *settings)
{
	struct clickhouse *clickhouse = xcalloc(1, sizeof(*clickhouse));
	struct text user = TEXT_OVER(clickhouse->user);
	struct text key = TEXT_OVER(clickhouse->key);
	const char *endpoints[] = {settings->url->endpoint};
	struct web_settings web = {
		.endpoints = endpoints,
		.endpoints_count = 1,
		.ca_file = settings->ca_file[0] != '\0' ? settings->ca_file : NULL,
	};

	clickhouse->web = web_new(&web);
	strcpy(clickhouse->database, settings->url->database);
	text_addf(&user, "X-ClickHouse-User: %s", settings->username);
	text_addf(&key, "X-ClickHouse-Key: %s", settings->password);
	return clickhouse;
}

void
clickhouse_free(struct clickhouse *clickhouse)
{
	web_free(clickhouse->web);
	explicit_bzero(clickhouse->key, sizeof(clickhouse->key));
	free(clickhouse);
}

/* Add VALUE to PATH with each byte escaped that has a meaning in a query. */
static void
clickhouse_add_escaped(struct text *path, const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char byte = (unsigned char)*value;

		if ((byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') ||
		    byte == '_' || byte == '-')
			text_add_bytes(path, value, 1);
		else
			text_addf(path, "%%%02X", byte);
	}
}

static void
clickhouse_write_path(const struct clickhouse *clickhouse,
		      const struct clickhouse_statement *statement, struct text *path)
{
	const struct clickhouse_parameter *parameter = statement->parameters;

	/* Without wait_end_of_query an error may follow the first bytes of an answer with status 200. */
	text_add(path, "/?wait_end_of_query=1");
	if (!statement->has_no_database)
		text_addf(path, "&database=%s", clickhouse->database);
	for (; parameter != NULL && parameter->name != NULL; parameter++) {
		text_addf(path, "&%s=", parameter->name);
		clickhouse_add_escaped(path, parameter->value);
	}
}

static const char *
clickhouse_advice(unsigned code)
{
	switch (code) {
	case CLICKHOUSE_NO_ACCESS:
		return ": check TICKR_CLICKHOUSE_USERNAME and TICKR_CLICKHOUSE_PASSWORD";
	case CLICKHOUSE_UNKNOWN_DATABASE:
	case CLICKHOUSE_UNKNOWN_TABLE:
		return ": check the database in TICKR_CLICKHOUSE_URL, or run tickrd clickhouse "
		       "create";
	default: return "";
	}
}

/* Return whether ANSWER has a header that each ClickHouse sends. */
static bool
clickhouse_is_one(const struct web_answer *answer)
{
	size_t len;

	return web_answer_header(answer, "X-ClickHouse-Summary", &len) != NULL ||
	       web_answer_header(answer, "X-ClickHouse-Query-Id", &len) != NULL ||
	       web_answer_header(answer, "X-ClickHouse-Exception-Code", &len) != NULL;
}

/* Return the code of the exception in ANSWER; 0: there is none. */
static unsigned
clickhouse_code(const struct web_answer *answer)
{
	size_t len;
	const char *value = web_answer_header(answer, "X-ClickHouse-Exception-Code", &len);
	uint64_t code = 0;

	return value != NULL && parse_number(value, len, MOST_CODE, &code) ? (unsigned)code : 0;
}

/* Return whether ANSWER is that of a statement that ran. If not, PROBLEM says why. */
static bool
clickhouse_judge(const struct web_answer *answer, unsigned *code, struct text *problem)
{
	*code = clickhouse_code(answer);
	if (!clickhouse_is_one(answer))
		text_addf(problem,
			  "%s answered %u, but it is no ClickHouse: check the port in "
			  "TICKR_CLICKHOUSE_URL, which is that of HTTP",
			  answer->endpoint, answer->status);
	else if (answer->status != 200 || *code != 0) {
		text_addf(problem, "ClickHouse at %s answered %u ", answer->endpoint,
			  answer->status);
		answer->body[strcspn(answer->body, "\n")] = '\0';
		text_add_quoted(problem, answer->body, MOST_SHOWN);
		text_add(problem, clickhouse_advice(*code));
	} else
		return true;
	return false;
}

bool
clickhouse_run(struct clickhouse *clickhouse, const struct clickhouse_statement *statement,
	       struct web_answer *answer, unsigned *code, struct text *problem)
{
	char path_memory[PATH_SIZE];
	struct text path = TEXT_OVER(path_memory);
	const char *headers[] = {clickhouse->user, clickhouse->key, "Content-Type: text/plain",
				 NULL};
	struct web_request request = {
		.method = "POST",
		.path = path_memory,
		.headers = headers,
		.body = statement->text,
		.body_len = strlen(statement->text),
		.deadline_ms = statement->deadline_ms,
		.connect_ms = CONNECT_MS,
		.most_answer = statement->most_answer,
	};

	*code = 0;
	clickhouse_write_path(clickhouse, statement, &path);
	if (path.is_truncated) {
		text_add(problem, "the parameters of a statement are too long");
		return false;
	}
	switch (web_send(clickhouse->web, &request, answer, problem)) {
	case WEB_ANSWERED: break;
	case WEB_TOO_LARGE:
		text_clear(problem);
		text_addf(problem,
			  "the answer of ClickHouse has more than %zu MiB: ask for a shorter time, "
			  "or for hours in place of minutes",
			  statement->most_answer >> 20);
		return false;
	case WEB_NOT_SENT:
	case WEB_UNKNOWN:
	case WEB_STOPPED: return false;
	}
	if (clickhouse_judge(answer, code, problem))
		return true;
	web_answer_free(answer);
	return false;
}
