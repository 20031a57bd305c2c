#include <stdio.h>
#include <sysexits.h>

#include "databases.h"
#include "sequence_scope.h"
#include "store/wording.h"
#include "store_create.h"

#define REPORT_SIZE 2048

/* Find the store of LINE, which has a table. */
static bool
store_create_find(struct sequence_scope *scope, const struct config *config,
		  const struct command_line *line, struct text *problem)
{
	if (!sequence_scope_find(scope, config, line->store, problem))
		return false;
	if (scope->library->create != NULL && !sequence_scope_forgets(scope))
		return true;
	text_addf(problem, "a store of type %s has no table: start tickrd",
		  scope->sequencer->type->name);
	return false;
}

/* The database of a store has a table of tickets, too. It is pinned like one of the own databases. */
static enum store_create_result
store_create_make(const struct sequence_scope *scope)
{
	const struct create_order order = {.newest = SPACE_FIRST_BASE - 1, .with_sequences = true};
	char memory[REPORT_SIZE], worded_memory[REPORT_SIZE];
	struct text report = TEXT_OVER(memory), worded = TEXT_OVER(worded_memory);
	enum store_create_result result =
		scope->library->create(&scope->databases[0], &order, &report);

	wording_add(scope->sequencer->type, scope->sequencer->name, memory, &worded);
	fputs(worded_memory, result == STORE_NOT_CREATED ? stderr : stdout);
	return result;
}

int
store_create_run(const struct config *config, const struct command_line *line)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct sequence_scope scope;
	enum store_create_result result;

	if (!store_create_find(&scope, config, line, &problem)) {
		fprintf(stderr, "tickrd: %s\n", memory);
		return 1;
	}
	if (!databases_begin(scope.library))
		return EX_OSERR;
	result = store_create_make(&scope);
	scope.library->end();
	if (result == STORE_CREATED)
		printf("the store %s is ready: start tickrd\n", line->store);
	else if (result == STORE_EXISTED)
		puts("nothing was missing");
	return result == STORE_CREATED || (result == STORE_EXISTED && line->if_not_exists) ? 0 : 1;
}
