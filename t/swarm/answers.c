#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answers.h"
#include "base/memory.h"

#define FIRST_SIZE 65536

struct answer {
	int code;
	size_t length;
	bool closes;
	char id[64];
	const char *body; /* not a string */
};

void
answers_init(struct answers *answers)
{
	answers->size = FIRST_SIZE;
	answers->buffer = xmalloc(answers->size);
}

void
answers_destroy(struct answers *answers)
{
	free(answers->buffer);
}

void
answers_begin(struct answers *answers, unsigned connection)
{
	answers->first = answers->waiting = 0;
	answers->begin = answers->end = 0;
	answers->next_id = answers->next_answer = 0;
	answers->is_over = false;
	answers->connection = connection;
}

unsigned
answers_expect(struct answers *answers, const struct asked *asked)
{
	answers->asked[(answers->first + answers->waiting++) % MOST_ASKED] = *asked;
	return answers->next_id++;
}

char *
answers_room(struct answers *answers, size_t *len)
{
	if (answers->begin > 0) {
		memmove(answers->buffer, answers->buffer + answers->begin,
			answers->end - answers->begin);
		answers->end -= answers->begin;
		answers->begin = 0;
	}
	if (answers->end == answers->size - 1) {
		answers->size *= 2;
		answers->buffer = xrealloc(answers->buffer, answers->size);
	}
	*len = answers->size - 1 - answers->end;
	return answers->buffer + answers->end;
}

void
answers_received(struct answers *answers, size_t len)
{
	answers->end += len;
	answers->buffer[answers->end] = '\0';
}

/* --- one answer ------------------------------------------------------------------------------ */

/* Return the value of the header NAME, with its colon, in HEAD, or NULL. */
static const char *
header(const char *head, const char *name)
{
	for (const char *line = strstr(head, "\r\n"); line != NULL && line[2] != '\r';
	     line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, strlen(name)) == 0)
			return line + 2 + strlen(name) + 1;
	return NULL;
}

/* Read an answer. Return false if it is not complete yet. */
static bool
read_answer(struct answers *answers, bool is_head, struct answer *answer)
{
	const char *start = answers->buffer + answers->begin;
	const char *end = strstr(start, "\r\n\r\n");
	const char *value;

	memset(answer, 0, sizeof(*answer));
	if (answers->end == answers->begin || end == NULL)
		return false;
	if (sscanf(start, "HTTP/1.%*[01] %d", &answer->code) != 1)
		answer->code = -1;
	answer->body = end + 4;
	value = header(start, "Content-Length:");
	if (value != NULL && !is_head && answer->code != 100)
		answer->length = strtoul(value, NULL, 10);
	if ((size_t)(answers->buffer + answers->end - answer->body) < answer->length)
		return false;
	value = header(start, "Connection:");
	answer->closes = value != NULL && strncasecmp(value, "close", 5) == 0;
	value = header(start, "X-Request-Id:");
	if (value != NULL)
		sscanf(value, "%63[^\r]", answer->id);
	answers->begin = (size_t)(answer->body + answer->length - answers->buffer);
	return true;
}

static void
add_ticket(struct tickets *tickets, uint64_t ticket)
{
	if (tickets->count == tickets->size) {
		tickets->size = tickets->size * 2 + 1024;
		tickets->list = xrealloc(tickets->list, tickets->size * sizeof(*tickets->list));
	}
	tickets->list[tickets->count++] = ticket;
}

static const char *
take_tickets(const struct answer *answer, uint32_t count, struct tickets *tickets)
{
	uint64_t first, increment, received;
	const char *at = answer->body;

	if (sscanf(at, "{\"first\":%" SCNu64 ",\"increment\":%" SCNu64 ",\"count\":%" SCNu64 "}",
		   &first, &increment, &received) == 3) {
		for (uint64_t i = 0; i < received; i++)
			add_ticket(tickets, first + i * increment);
		return received == count ? NULL : "a group of another size than requested";
	}
	for (received = 0; *at == '[' || *at == ','; received++) {
		char *end;

		add_ticket(tickets, strtoull(at + 1, &end, 10));
		at = end;
	}
	return *at == ']' && received == count ? NULL : "an array of another size than requested";
}

static const char *
check_code(const struct asked *asked, const struct answer *answer)
{
	if (asked->kind == ASKED_NONSENSE)
		return answer->code >= 400 && answer->code < 500 ? NULL : "nonsense is not refused";
	if (answer->code == 200 || answer->code == 503)
		return NULL;
	return "a sound request is refused";
}

/* Return true if ANSWER repeats the request's id. The server cannot read the id of a broken request. */
static bool
has_id(const struct answers *answers, const struct asked *asked, const struct answer *answer)
{
	char id[64];

	snprintf(id, sizeof(id), "%u.%u", answers->connection, answers->next_answer);
	return strcmp(id, answer->id) == 0 ||
	       (asked->kind == ASKED_NONSENSE && answer->id[0] == '\0');
}

static const char *
check_one(struct answers *answers, const struct answer *answer, struct tickets *tickets)
{
	struct asked asked = answers->asked[answers->first];
	const char *problem = check_code(&asked, answer);

	if (answers->is_over)
		return "an answer after the last one";
	if (answers->waiting == 0)
		return "an answer without a request";
	if (problem != NULL)
		return problem;
	if (!has_id(answers, &asked, answer))
		return "the answer to another request";
	if (asked.is_last && !answer->closes)
		return "the connection continues after its last request";
	if (asked.kind == ASKED_TICKETS && answer->code == 200)
		problem = take_tickets(answer, asked.count, tickets);
	answers->is_over = answer->closes;
	answers->first = (answers->first + 1) % MOST_ASKED;
	answers->waiting--;
	answers->next_answer++;
	return problem;
}

const char *
answers_check(struct answers *answers, struct tickets *tickets)
{
	const char *problem = NULL;
	struct answer answer;

	while (problem == NULL &&
	       read_answer(answers,
			   answers->waiting > 0 &&
				   answers->asked[answers->first].kind == ASKED_HEAD,
			   &answer))
		if (answer.code != 100)
			problem = check_one(answers, &answer, tickets);
	return problem;
}

/* --- all tickets ----------------------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

size_t
tickets_repeated(struct tickets *tickets)
{
	size_t repeated = 0;

	if (tickets->count == 0)
		return 0;
	qsort(tickets->list, tickets->count, sizeof(*tickets->list), compare);
	for (size_t i = 1; i < tickets->count; i++)
		repeated += tickets->list[i] == tickets->list[i - 1];
	return repeated;
}
