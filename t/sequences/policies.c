/* Promises about declared sequences, and about what an operator does with them. */
#include <stdio.h>
#include <string.h>

#include "contract.h"

static struct sequence_policy
policies_wanted(uint64_t start)
{
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;

	policy.start = start;
	return policy;
}

static enum store_declared
policies_declare(struct contract *contract, const char *name, const struct sequence_policy *wanted)
{
	struct text reason = TEXT_OVER(contract->words);
	enum store_declared declared = STORE_DECLARED_DIFFERS;

	CHECK(contract, contract->store->declare(contract->session, name, (uint8_t)strlen(name),
						 wanted, &declared, &reason) == STORE_OK);
	return declared;
}

static bool
policies_show(struct contract *contract, const char *name, struct store_listed *listed)
{
	struct text reason = TEXT_OVER(contract->words);
	bool found = false;

	CHECK(contract, contract->store->show(contract->session, name, (uint8_t)strlen(name),
					      listed, &found, &reason) == STORE_OK);
	return found;
}

static enum store_result
policies_jump(struct contract *contract, const char *name, uint64_t number, bool *found)
{
	struct text reason = TEXT_OVER(contract->words);

	return contract->store->jump(contract->session, name, (uint8_t)strlen(name), number, found,
				     &reason);
}

static void
policies_begin_at_start(struct contract *contract)
{
	struct sequence_policy wanted = policies_wanted(1000);
	struct store_listed listed;
	struct store_move move;
	uint64_t clock = contract_clock(contract);

	wanted.order = SEQUENCE_WEAK;
	wanted.most = 5000;
	wanted.width = 53;
	CHECK(contract, !policies_show(contract, "declared", &listed));
	CHECK(contract, policies_declare(contract, "declared", &wanted) == STORE_DECLARED_MADE);
	CHECK(contract, contract_clock(contract) == clock + 999);
	CHECK(contract, policies_show(contract, "declared", &listed));
	CHECK(contract, listed.last == 999 && listed.policy.start == 1000);
	CHECK(contract, listed.policy.order == SEQUENCE_WEAK && listed.policy.most == 5000);
	CHECK(contract, listed.policy.width == 53 && listed.policy.form == SEQUENCE_PLAIN);
	CHECK(contract, listed.policy.is_declared && !listed.policy.is_retired);
	CHECK(contract, listed.policy.revision == 1);
	CHECK(contract,
	      contract_move(contract, contract->session, "declared", 2, &move, NULL) == STORE_OK);
	CHECK(contract, move.newest == 1001 && move.revision == 1 && move.most == 5000);
	CHECK(contract, contract_clock(contract) == clock + 1001);
}

static void
policies_change(struct contract *contract)
{
	struct sequence_policy wanted = policies_wanted(1);
	struct store_move move;
	uint64_t clock = contract_clock(contract);

	CHECK(contract, policies_declare(contract, "changed", &wanted) == STORE_DECLARED_MADE);
	CHECK(contract, policies_declare(contract, "changed", &wanted) == STORE_DECLARED_SAME);
	wanted.order = SEQUENCE_WEAK;
	CHECK(contract, policies_declare(contract, "changed", &wanted) == STORE_DECLARED_CHANGED);
	CHECK(contract, contract_clock(contract) == clock);
	CHECK(contract,
	      contract_move(contract, contract->session, "changed", 1, &move, NULL) == STORE_OK);
	CHECK(contract, move.newest == 1 && move.revision == 2);
	wanted.revision = 1000;
	CHECK(contract, policies_declare(contract, "changed", &wanted) == STORE_DECLARED_SAME);
	wanted.order = SEQUENCE_STRONG;
	CHECK(contract, policies_declare(contract, "changed", &wanted) == STORE_DECLARED_CHANGED);
	CHECK(contract,
	      contract_move(contract, contract->session, "changed", 1, &move, NULL) == STORE_OK);
	CHECK(contract, move.revision == 1000);
	wanted.order = SEQUENCE_WEAK;
	CHECK(contract, policies_declare(contract, "changed", &wanted) == STORE_DECLARED_CHANGED);
	CHECK(contract,
	      contract_move(contract, contract->session, "changed", 1, &move, NULL) == STORE_OK);
	CHECK(contract, move.revision == 1001);
	CHECK(contract, policies_declare(contract, "changed/new", &wanted) == STORE_DECLARED_MADE);
	CHECK(contract, contract_move(contract, contract->session, "changed/new", 1, &move, NULL) ==
				STORE_OK);
	CHECK(contract, move.revision == 1000);
	wanted.start = 77;
	CHECK(contract, policies_declare(contract, "changed", &wanted) == STORE_DECLARED_DIFFERS);
	CHECK(contract, strstr(contract->words, "advance") != NULL);
}

static void
policies_adopt(struct contract *contract)
{
	struct sequence_policy wanted = policies_wanted(1);
	struct store_listed listed = {.last = 0};

	CHECK(contract, contract_newest(contract, "adopted", 5) == 5);
	CHECK(contract, policies_show(contract, "adopted", &listed));
	CHECK(contract, listed.last == 5 && !listed.policy.is_declared && listed.policy.start == 1);
	CHECK(contract, listed.policy.revision == 0 && listed.policy.width == 63);
	CHECK(contract, policies_declare(contract, "adopted", &wanted) == STORE_DECLARED_CHANGED);
	CHECK(contract, policies_show(contract, "adopted", &listed));
	CHECK(contract, listed.last == 5 && listed.policy.is_declared);
	CHECK(contract, listed.policy.revision == 1);
	wanted.form = SEQUENCE_SCRAMBLED;
	CHECK(contract, policies_declare(contract, "adopted", &wanted) == STORE_DECLARED_DIFFERS);
}

static void
policies_pin_the_key(struct contract *contract)
{
	struct sequence_policy wanted = policies_wanted(1);
	struct store_listed listed = {.last = 0};

	wanted.form = SEQUENCE_SCRAMBLED;
	wanted.fingerprint = UINT64_MAX - 5;
	CHECK(contract, policies_declare(contract, "secret", &wanted) == STORE_DECLARED_MADE);
	CHECK(contract, policies_show(contract, "secret", &listed));
	CHECK(contract, listed.policy.form == SEQUENCE_SCRAMBLED);
	CHECK(contract, listed.policy.fingerprint == UINT64_MAX - 5);
	CHECK(contract, policies_declare(contract, "secret", &wanted) == STORE_DECLARED_SAME);
	wanted.width = 53;
	CHECK(contract, policies_declare(contract, "secret", &wanted) == STORE_DECLARED_DIFFERS);
	wanted.width = 63;
	wanted.fingerprint = 4;
	CHECK(contract, policies_declare(contract, "secret", &wanted) == STORE_DECLARED_DIFFERS);
}

static void
policies_retire(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	const struct store *store = contract->store;
	struct sequence_policy wanted = policies_wanted(1);
	struct store_listed listed = {.last = 0};
	struct store_move move;
	uint64_t before = 0, after = 0;
	bool found = true;

	CHECK(contract,
	      store->retire(contract->session, "retired", 7, &found, &reason) == STORE_OK);
	CHECK(contract, !found);
	CHECK(contract, contract_newest(contract, "retired", 4) == 4);
	CHECK(contract, store->count(contract->session, &before, &reason) == STORE_OK);
	for (unsigned i = 0; i < 2; i++) {
		found = false;
		CHECK(contract,
		      store->retire(contract->session, "retired", 7, &found, &reason) == STORE_OK);
		CHECK(contract, found);
	}
	CHECK(contract,
	      contract_move(contract, contract->session, "retired", 1, &move, NULL) == STORE_OK);
	CHECK(contract, move.is_retired && move.revision == 1);
	CHECK(contract, policies_show(contract, "retired", &listed) && listed.policy.is_retired);
	CHECK(contract, store->count(contract->session, &after, &reason) == STORE_OK);
	CHECK(contract, before > 0 && after == before - 1);
	CHECK(contract, policies_declare(contract, "retired", &wanted) == STORE_DECLARED_DIFFERS);
}

static void
policies_jump_moves_the_clock(struct contract *contract)
{
	uint64_t clock = contract_clock(contract);
	bool found = true;

	CHECK(contract, policies_jump(contract, "jump", 10, &found) == STORE_OK && !found);
	CHECK(contract, contract_newest(contract, "jump", 2) == 2);
	CHECK(contract, policies_jump(contract, "jump", 100, &found) == STORE_OK && found);
	CHECK(contract, contract_newest(contract, "jump", 1) == 101);
	CHECK(contract, policies_jump(contract, "jump", 50, &found) == STORE_OK && found);
	CHECK(contract, contract_newest(contract, "jump", 1) == 102);
	CHECK(contract, contract_clock(contract) == clock + 102);
	CHECK(contract,
	      policies_jump(contract, "jump", 103 + SEQUENCE_MOST_JUMP, &found) == STORE_TOO_LARGE);
	CHECK(contract, contract_newest(contract, "jump", 1) == 103);
	CHECK(contract, contract_clock(contract) == clock + 103);
}

/* A sequence at its end fails no other one. */
static void
policies_most(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	struct sequence_policy wanted = policies_wanted(10);
	struct store_move moves[] = {
		{.name = "end/full", .name_len = 8, .count = 3},
		{.name = "end/other", .name_len = 9, .count = 3},
	};
	struct store_order order = {.count = 6, .moves = moves, .moves_count = 2};
	struct ticket_range clock;

	wanted.most = 11;
	CHECK(contract, policies_declare(contract, "end/full", &wanted) == STORE_DECLARED_MADE);
	CHECK(contract,
	      contract->store->reserve(contract->session, &order, &clock, &reason) == STORE_OK);
	CHECK(contract, moves[0].newest == 12 && moves[0].most == 11);
	CHECK(contract, moves[1].newest == 3 && moves[1].most == SEQUENCE_MOST);
}

struct page {
	char names[8][16];
	uint64_t last[8];
	unsigned count;
};

static void
policies_note_listed(void *arg, const struct store_listed *listed)
{
	struct page *page = arg;

	if (page->count >= ARRAY_LENGTH(page->last))
		return;
	snprintf(page->names[page->count], sizeof(page->names[0]), "%.*s", listed->name_len,
		 listed->name);
	page->last[page->count++] = listed->last;
}

static void
policies_list(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	struct page page = {.count = 0};

	for (char name[] = "list/e"; name[5] >= 'a'; name[5]--)
		CHECK(contract,
		      contract_newest(contract, name, (uint32_t)name[5]) == (uint64_t)name[5]);
	CHECK(contract, contract->store->list(contract->session, "list/a", 6, 3,
					      policies_note_listed, &page, &reason) == STORE_OK);
	CHECK(contract, page.count == 3);
	CHECK(contract, strcmp(page.names[0], "list/b") == 0 && page.last[0] == 'b');
	CHECK(contract, strcmp(page.names[2], "list/d") == 0);
	page.count = 0;
	CHECK(contract, contract->store->list(contract->session, "\xf4\x8f", 2, 3,
					      policies_note_listed, &page, &reason) == STORE_OK);
	CHECK(contract, page.count == 0);
	CHECK(contract, contract->store->list(contract->session, "", 0, 8, policies_note_listed,
					      &page, &reason) == STORE_OK);
	CHECK(contract, page.count == 8);
}

const struct contract_test contract_policies[] = {
	{"a declared sequence begins at its start, and the clock moves as far",
	 policies_begin_at_start},
	{"order, most and width can be changed, and the revision rises", policies_change},
	{"a sequence that was made on first use can be declared", policies_adopt},
	{"the key of a scrambled sequence is pinned", policies_pin_the_key},
	{"a retired sequence says so, and does not count", policies_retire},
	{"a jump moves the clock as far, and never back", policies_jump_moves_the_clock},
	{"a sequence at its end fails no other one", policies_most},
	{"the list is in order of name, without the clock", policies_list},
	{NULL, NULL},
};
