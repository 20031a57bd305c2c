/*
 * Run the checks of contract.h over one store, and print TAP.
 *
 *	contract [memory|sqlite|mysql|etcd|redis|zookeeper [GROUP..]]
 *	contract sqlite|mysql|etcd|redis|zookeeper try|load
 *
 * The settings come from the variables TICKR_DATABASE_* of the environment. Without a group all run. With try print
 * the result of one statement, its number or its reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../thread/tap.h"
#include "contract.h"
#include "store/drivers.h"

#define MOST_OPENINGS 20

static const struct {
	const char *name;
	const struct contract_test *tests;
} groups[] = {
	{"moves", contract_moves},
	{"policies", contract_policies},
	{"copies", contract_copies},
	{"threads", contract_threads},
};

void
contract_check(struct contract *contract, bool condition, const char *words, int line)
{
	if (condition || contract->fault != NULL)
		return;
	contract->fault = words;
	contract->line = line;
	tap_complain("# line %d: not so: %s (%s)", line, words, contract->words);
}

struct store_session *
contract_open(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	struct store_session *session = NULL;
	enum store_result result = STORE_LOST;

	/* The server may limit the time of statements, until the session has set its own limits. */
	for (unsigned i = 0; i < MOST_OPENINGS && result == STORE_LOST; i++) {
		text_clear(&reason);
		result = contract->store->open(contract->settings, &session, &reason);
	}
	CHECK(contract, result == STORE_OK);
	return session;
}

enum store_result
contract_move(struct contract *contract, struct store_session *session, const char *name,
	      uint32_t count, struct store_move *move, struct ticket_range *clock)
{
	struct text reason = TEXT_OVER(contract->words);
	struct store_move own;
	struct ticket_range range;
	struct store_order order = {.count = count, .moves_count = 1};

	order.moves = move != NULL ? move : &own;
	order.moves[0] = (struct store_move){
		.name = name, .name_len = (uint8_t)strlen(name), .count = count};
	return contract->store->reserve(session, &order, clock != NULL ? clock : &range, &reason);
}

uint64_t
contract_newest(struct contract *contract, const char *name, uint32_t count)
{
	struct store_move move;
	enum store_result result =
		contract_move(contract, contract->session, name, count, &move, NULL);

	CHECK(contract, result == STORE_OK);
	return result == STORE_OK ? move.newest : 0;
}

uint64_t
contract_clock(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	uint64_t clock = 0;

	CHECK(contract, contract->store->newest(contract->session, &clock, &reason) == STORE_OK);
	return clock;
}

/* --- the settings ------------------------------------------------------------------------------ */

static const char *
contract_text(const struct store_given *given, const char *variable, size_t database)
{
	const char *value = getenv(variable);

	(void)given;
	(void)database;
	return value != NULL ? value : "";
}

static bool
contract_is_set(const struct store_given *given, const char *variable)
{
	(void)given;
	return getenv(variable) != NULL;
}

static void
contract_refuse(const struct store_given *given, const char *variable, const char *words)
{
	(void)given;
	fprintf(stderr, "%s: %s\n", variable, words != NULL ? words : "not allowed");
	exit(2);
}

/* --- the run ----------------------------------------------------------------------------------- */

static const struct store *
contract_driver(const char *name)
{
	if (strcmp(name, "memory") == 0)
		return &memory_store;
	for (unsigned i = 0; i < 2; i++)
		if (strcmp(driver_name(i), name) == 0)
			return driver_store(i);
	return NULL;
}

static void
contract_run_group(struct contract *contract, const struct contract_test *tests)
{
	for (; tests->promise != NULL; tests++) {
		contract->fault = NULL;
		contract->words[0] = '\0';
		contract->session = contract_open(contract);
		if (contract->session != NULL) {
			tests->run(contract);
			contract->store->close(contract->session);
		}
		tap_report(contract->fault == NULL, tests->promise);
	}
}

/* Open a session, move a sequence, and print the number or the reason. */
static int
contract_try(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	struct store_move move = {.newest = 0};
	enum store_result result =
		contract->store->open(contract->settings, &contract->session, &reason);

	if (result != STORE_OK) {
		printf("open %d %s\n", result, contract->words);
		return 1;
	}
	result = contract_move(contract, contract->session, "try", 1, &move, NULL);
	printf("move %d %" PRIu64 " %s\n", result, move.newest,
	       result == STORE_OK ? "" : contract->words);
	contract->store->close(contract->session);
	return result != STORE_OK;
}

static bool
contract_is_wanted(const char *name, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count <= 0;
}

static int
contract_run_groups(struct contract *contract, int count, char **names)
{
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
		if (contract_is_wanted(groups[i].name, count, names))
			contract_run_group(contract, groups[i].tests);
	return tap_end();
}

int
main(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : "memory";
	const char *mode = count > 2 ? arguments[2] : "";
	const struct store_given given = {
		.text = contract_text, .is_set = contract_is_set, .refuse = contract_refuse};
	struct store_settings settings = {
		.connect_timeout_s = 10, .query_timeout_s = 10, .space = {10, 3, 326}};
	const struct store *parent = contract_driver(name);
	struct contract contract = {.settings = &settings,
				    .store = contract_remote(name, &settings)};
	int status;

	if (contract.store != NULL)
		parent = contract.store;
	if (parent == NULL || !parent->begin())
		return 2;
	setenv("TICKR_DATABASE_HOST", "localhost", 0);
	setenv("TICKR_DATABASE_NAME", "tickr", 0);
	contract.is_memory = parent == &memory_store;
	if (contract.store == NULL) {
		contract.store = parent->sequences;
		parent->parse(&given, &settings, 1);
	}
	contract.store->claim(&settings);
	if (strcmp(mode, "try") == 0)
		status = contract_try(&contract);
	else if (strcmp(mode, "load") == 0)
		status = contract_load(&contract);
	else
		status = contract_run_groups(&contract, count - 2, arguments + 2);
	contract.store->release(&settings);
	parent->forget(&settings);
	parent->end();
	return status;
}
