/*
 * DESIGN. The server of an exclusive database carries out requests with the same code as this process, and answers
 * with the same text. So each command is written once, over sequence_command_ask(). A command that cannot be undone
 * sends two requests. The first one is a trial, whose text is the plan. The second one follows the answer of the
 * operator.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/memory.h"
#include "databases.h"
#include "question.h"
#include "sequence_command.h"
#include "sequence_file.h"
#include "sequence_registry.h"
#include "sequence_remote.h"

#define EXIT_NOT_DONE 1
#define PROBLEM_SIZE  1024

/* It carries out the requests: this process, over its registry, or the server at the control socket. */
struct executor {
	struct sequence_scope scope;
	struct sequence_registry *registry; /* NULL: the server at the control socket */
};

static int
sequence_command_fail(const char *problem, const char *rest)
{
	fflush(stdout);
	fprintf(stderr, "tickrd: %s%s\n", problem, rest);
	return EXIT_NOT_DONE;
}

/* --- the executor -------------------------------------------------------------------------------- */

/* An exclusive database could not be opened. If a guest can open it, a server has it: say so in PROBLEM. */
static void
sequence_command_explain(const struct sequence_scope *scope, struct text *problem)
{
	char memory[PROBLEM_SIZE];
	struct text ignored = TEXT_OVER(memory);
	struct sequence_registry *guest = sequence_registry_new(scope, true);

	if (sequence_registry_open(guest, &ignored)) {
		text_clear(problem);
		text_addf(problem,
			  "another tickrd has %s, and a file is for one process: if it is a "
			  "server, set "
			  "TICKR_CONTROL_SOCKET for it and for this command, or stop it",
			  scope->databases[0].name);
	}
	sequence_registry_free(guest);
}

/* Return whether the executor is ready. If a server has an exclusive database, that server executes. */
static bool
sequence_command_begin(struct executor *executor, struct text *problem)
{
	const struct sequence_scope *scope = &executor->scope;
	const struct config *config = scope->config;

	if (scope->is_exclusive && config->control_socket[0] != '\0') {
		if (sequence_remote_is_there(&config->control_address, problem))
			return true;
		if (problem->len > 0)
			return false;
	}
	if (sequence_scope_forgets(scope)) {
		text_add(problem, "a store of type in-memory is in its server: start the server, "
				  "and set TICKR_CONTROL_SOCKET for it and for this command");
		return false;
	}
	executor->registry = sequence_registry_new(scope, !scope->is_exclusive);
	if (!scope->is_exclusive || sequence_registry_open(executor->registry, problem))
		return true;
	sequence_registry_free(executor->registry);
	executor->registry = NULL;
	sequence_command_explain(scope, problem);
	return false;
}

static void
sequence_command_end(struct executor *executor)
{
	if (executor->registry != NULL)
		sequence_registry_free(executor->registry);
}

/* Carry out REQUEST. *TEXT is its lines, also those before a failure, for free(). */
static enum sequence_outcome
sequence_command_ask(struct executor *executor, const struct sequence_request *request, char **text,
		     struct text *problem)
{
	struct evbuffer *out = evbuffer_new();
	enum sequence_outcome outcome;
	size_t len;

	if (out == NULL)
		abort();
	outcome = executor->registry != NULL
			  ? sequence_registry_run(executor->registry, request, out, problem)
			  : sequence_remote_run(&executor->scope.config->control_address, request,
						out, problem);
	len = evbuffer_get_length(out);
	*text = xcalloc(len + 1, 1);
	evbuffer_remove(out, *text, len);
	evbuffer_free(out);
	return outcome;
}

/* --- one request --------------------------------------------------------------------------------- */

/* Carry out REQUEST, and print its lines. */
static int
sequence_command_do(struct executor *executor, const struct sequence_request *request)
{
	char memory[PROBLEM_SIZE], *text;
	struct text problem = TEXT_OVER(memory);
	enum sequence_outcome outcome = sequence_command_ask(executor, request, &text, &problem);

	fputs(text, stdout);
	free(text);
	return outcome == SEQUENCE_DONE ? 0 : sequence_command_fail(memory, "");
}

static const char *
sequence_command_question(enum sequence_task task)
{
	switch (task) {
	case SEQUENCE_ADVANCE: return "Move the sequence?";
	case SEQUENCE_RETIRE: return "Retire the sequence? Its name is refused for ever.";
	case SEQUENCE_FOLD:
		return "Remove this row? The server whose row it is would refuse the database.";
	default: return NULL;
	}
}

/* Print the plan, ask, and carry out the request. */
static int
sequence_command_do_carefully(struct executor *executor, const struct sequence_command *given)
{
	struct sequence_request request = given->request;
	char memory[PROBLEM_SIZE], *plan;
	struct text problem = TEXT_OVER(memory);
	enum sequence_outcome outcome;
	bool is_nothing;

	request.is_trial = true;
	outcome = sequence_command_ask(executor, &request, &plan, &problem);
	fputs(plan, stdout);
	is_nothing = request.task == SEQUENCE_ADVANCE && strstr(plan, "become a gap") == NULL;
	free(plan);
	if (outcome != SEQUENCE_DONE)
		return sequence_command_fail(memory, "; nothing was changed");
	if (is_nothing)
		return 0;
	if (!given->is_confirmed &&
	    !question_ask(sequence_command_question(request.task), &problem))
		return sequence_command_fail(memory, "; nothing was changed");
	request.is_trial = false;
	return sequence_command_do(executor, &request);
}

/* --- lists --------------------------------------------------------------------------------------- */

/* Make REQUEST that of the page after TEXT. False: TEXT is the last page. The last field of a line is the name. */
static bool
sequence_command_turn_page(struct sequence_request *request, char *text)
{
	size_t lines = 0, len = strlen(text);
	const char *name;

	for (const char *c = text; (c = strchr(c, '\n')) != NULL; c++)
		lines++;
	if (lines < SEQUENCE_PAGE)
		return false;
	text[len - 1] = '\0';
	name = strrchr(text, '\t') + 1;
	snprintf(request->name, sizeof(request->name), "%s", name);
	request->name_len = (uint8_t)strlen(request->name);
	return true;
}

static int
sequence_command_list_one(struct executor *executor, struct sequence_request *request)
{
	char memory[PROBLEM_SIZE], *text;
	struct text problem = TEXT_OVER(memory);
	enum sequence_outcome outcome;
	bool is_more;

	puts(request->task == SEQUENCE_INSTANCES
		     ? "instance\tstatements\tbehind"
		     : "newest\tfirst\tlast\torder\twidth\tform\tstate\tname");
	do {
		outcome = sequence_command_ask(executor, request, &text, &problem);
		fputs(text, stdout);
		is_more = outcome == SEQUENCE_DONE && request->task == SEQUENCE_LIST &&
			  sequence_command_turn_page(request, text);
		free(text);
	} while (is_more);
	return outcome == SEQUENCE_DONE ? 0 : sequence_command_fail(memory, "");
}

static int
sequence_command_list(struct executor *executor, const struct sequence_request *first_page)
{
	int status = 0;

	for (size_t i = 0; i < executor->scope.count && status == 0; i++) {
		struct sequence_request request = *first_page;

		request.database = i;
		databases_print_heading(&executor->scope.databases[i], executor->scope.count,
					stdout);
		status = sequence_command_list_one(executor, &request);
	}
	return status;
}

/* --- files --------------------------------------------------------------------------------------- */

/* Print the failure at LINE of the file. */
static void
sequence_command_blame_line(const struct sequence_command *given, const struct sequence_line *line,
			    const char *problem)
{
	fflush(stdout);
	fprintf(stderr, "tickrd: %s, line %zu: %s\n", given->from, line->number, problem);
}

/* Check all LINES. Print all mistakes, but stop if a database fails. False: there are mistakes, or were before. */
static bool
sequence_command_try_lines(struct executor *executor, const struct sequence_command *given,
			   struct sequence_line *lines, size_t count)
{
	size_t mistakes = 0;

	for (size_t i = 0; i < count; i++) {
		char memory[PROBLEM_SIZE], *text;
		struct text problem = TEXT_OVER(memory);
		enum sequence_outcome outcome;

		mistakes += lines[i].is_bad;
		if (lines[i].is_bad)
			continue;
		lines[i].request.is_trial = true;
		outcome = sequence_command_ask(executor, &lines[i].request, &text, &problem);
		lines[i].request.is_trial = false;
		free(text);
		if (outcome == SEQUENCE_DONE)
			continue;
		mistakes++;
		sequence_command_blame_line(given, &lines[i], memory);
		if (outcome == SEQUENCE_FAILED)
			break;
	}
	return mistakes == 0;
}

static bool
sequence_command_do_lines(struct executor *executor, const struct sequence_command *given,
			  const struct sequence_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char memory[PROBLEM_SIZE], *text;
		struct text problem = TEXT_OVER(memory);
		enum sequence_outcome outcome =
			sequence_command_ask(executor, &lines[i].request, &text, &problem);

		fputs(text, stdout);
		free(text);
		if (outcome == SEQUENCE_DONE)
			continue;
		sequence_command_blame_line(given, &lines[i], memory);
		fprintf(stderr, "tickrd: the lines before it are done: run the command again\n");
		return false;
	}
	return true;
}

static int
sequence_command_create_all(struct executor *executor, const struct sequence_command *given)
{
	struct sequence_line *lines;
	size_t count;
	int status = EXIT_NOT_DONE;

	if (!sequence_file_read(given->from, &given->request, &lines, &count) ||
	    !sequence_command_try_lines(executor, given, lines, count))
		fprintf(stderr, "tickrd: nothing was changed\n");
	else if (sequence_command_do_lines(executor, given, lines, count))
		status = 0;
	free(lines);
	return status;
}

/* --- the command --------------------------------------------------------------------------------- */

static int
sequence_command_run_by(struct executor *executor, const struct sequence_command *given)
{
	switch (given->request.task) {
	case SEQUENCE_CREATE:
		return given->from != NULL ? sequence_command_create_all(executor, given)
					   : sequence_command_do(executor, &given->request);
	case SEQUENCE_LIST:
	case SEQUENCE_INSTANCES: return sequence_command_list(executor, &given->request);
	case SEQUENCE_SHOW:
	case SEQUENCE_DECODE: return sequence_command_do(executor, &given->request);
	case SEQUENCE_ADVANCE:
	case SEQUENCE_RETIRE:
	case SEQUENCE_FOLD: return sequence_command_do_carefully(executor, given);
	}
	return EXIT_NOT_DONE;
}

int
sequence_command_run(const struct config *config, const struct sequence_command *given)
{
	const char *name = given->request.store;
	struct executor executor = {.registry = NULL};
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	int status;

	if (name[0] == '\0' && databases_store(config) == NULL)
		return EX_CONFIG;
	if (!sequence_scope_find(&executor.scope, config, name, &problem))
		return sequence_command_fail(memory, "");
	if (!databases_begin(executor.scope.library))
		return EX_OSERR;
	if (sequence_command_begin(&executor, &problem))
		status = sequence_command_run_by(&executor, given);
	else
		status = sequence_command_fail(memory, "; nothing was changed");
	sequence_command_end(&executor);
	executor.scope.library->end();
	return status;
}
