/* Promises about one statement: it moves sequences and the clock. */
#include <stdio.h>
#include <string.h>

#include "contract.h"

static void
moves_begin_at_1(struct contract *contract)
{
	struct store_move move;
	struct ticket_range clock;
	uint64_t before = contract_clock(contract);

	CHECK(contract, contract_move(contract, contract->session, "moves/one", 3, &move, &clock) ==
				STORE_OK);
	CHECK(contract, move.newest == 3);
	CHECK(contract, move.revision == 0 && !move.is_retired);
	CHECK(contract, move.most == SEQUENCE_MOST);
	CHECK(contract, clock.first == before + 1 && clock.count == 3 && clock.increment == 1);
	CHECK(contract, contract_clock(contract) == before + 3);
	CHECK(contract, contract_newest(contract, "moves/one", 1) == 4);
	CHECK(contract, contract_newest(contract, "moves/one", 1000000) == 1000004);
	CHECK(contract, contract_newest(contract, "moves/other", 1) == 1);
}

/* Names in the wrong order; new ones and old ones. */
static void
moves_several(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	struct store_move moves[] = {
		{.name = "several/c", .name_len = 9, .count = 5},
		{.name = "several/a", .name_len = 9, .count = 1},
		{.name = "several/ab", .name_len = 10, .count = 2},
	};
	struct store_order order = {.count = 8, .moves = moves, .moves_count = 3};
	struct ticket_range clock = {0};

	CHECK(contract, contract_newest(contract, "several/c", 10) == 10);
	CHECK(contract,
	      contract->store->move(contract->session, &order, &clock, &reason) == STORE_OK);
	CHECK(contract, clock.count == 8);
	CHECK(contract, strcmp(moves[0].name, "several/a") == 0 && moves[0].newest == 1);
	CHECK(contract, strcmp(moves[1].name, "several/ab") == 0 && moves[1].newest == 2);
	CHECK(contract, strcmp(moves[2].name, "several/c") == 0 && moves[2].newest == 15);
}

static void
moves_most(struct contract *contract)
{
	static char names[STORE_MOST_MOVES][32];
	static struct store_move moves[STORE_MOST_MOVES];
	struct text reason = TEXT_OVER(contract->words);
	struct store_order order = {.moves = moves, .moves_count = STORE_MOST_MOVES};
	struct ticket_range clock = {0};

	for (unsigned i = 0; i < STORE_MOST_MOVES; i++) {
		int len = snprintf(names[i], sizeof(names[i]), "most/%u", i * 7919 % 1000);

		moves[i] = (struct store_move){
			.name = names[i], .name_len = (uint8_t)len, .count = i + 1};
		order.count += i + 1;
	}
	CHECK(contract,
	      contract->store->move(contract->session, &order, &clock, &reason) == STORE_OK);
	for (unsigned i = 0; i < STORE_MOST_MOVES; i++)
		CHECK(contract, moves[i].newest == moves[i].count);
	CHECK(contract,
	      contract->store->move(contract->session, &order, &clock, &reason) == STORE_OK);
	for (unsigned i = 0; i < STORE_MOST_MOVES; i++)
		CHECK(contract, moves[i].newest == 2ull * moves[i].count);
	CHECK(contract, clock.count == order.count);
}

static void
moves_once(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	struct store_move moves[] = {
		{.name = "twice", .name_len = 5, .count = 1},
		{.name = "other", .name_len = 5, .count = 1},
		{.name = "twice", .name_len = 5, .count = 1},
	};
	struct store_order order = {.count = 3, .moves = moves, .moves_count = 3};
	struct ticket_range clock;
	uint64_t before = contract_clock(contract);

	CHECK(contract,
	      contract->store->move(contract->session, &order, &clock, &reason) == STORE_FAILED);
	CHECK(contract, reason.len > 0);
	order.moves_count = 2;
	CHECK(contract,
	      contract->store->move(contract->session, &order, &clock, &reason) == STORE_FAILED);
	CHECK(contract, contract_clock(contract) == before);
}

/* Names that differ in a byte at most are different sequences. */
static void
moves_byte_for_byte(struct contract *contract)
{
	static const char *const names[] = {
		"a",  "A",  "a ",      " a", "\xc3\xa4", "a\xcc\x88",	     "'",
		"\\", "\"", "a'); --", "%",  "`",	 "\xf0\x9f\x8e\x9f",
	};
	char longest[SEQUENCE_NAME_MOST + 1];

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		CHECK(contract, contract_newest(contract, names[i], (uint32_t)i + 1) == i + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		CHECK(contract, contract_newest(contract, names[i], 1) == i + 2);
	memset(longest, 'x', SEQUENCE_NAME_MOST);
	longest[SEQUENCE_NAME_MOST] = '\0';
	CHECK(contract, contract_newest(contract, longest, 1) == 1);
	longest[SEQUENCE_NAME_MOST - 1] = 'y';
	CHECK(contract, contract_newest(contract, longest, 7) == 7);
}

static void
moves_read_writes(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	uint64_t clock = contract_clock(contract), confirmed = 0;

	CHECK(contract,
	      contract->store->confirm(contract->session, &confirmed, &reason) == STORE_OK);
	CHECK(contract, confirmed == clock);
	CHECK(contract, contract_newest(contract, "reads", 5) == 5);
	CHECK(contract, contract_clock(contract) == clock + 5);
}

const struct contract_test contract_moves[] = {
	{"a sequence begins at 1, rises, and moves the clock", moves_begin_at_1},
	{"one statement moves several sequences", moves_several},
	{"one statement moves 256 sequences", moves_most},
	{"a sequence that stands twice in a statement is refused", moves_once},
	{"names are compared byte for byte", moves_byte_for_byte},
	{"reading the clock does not move it", moves_read_writes},
	{NULL, NULL},
};
