/* Promises about raises, and about the row by which an older copy of the database is recognised. */
#include <stdio.h>
#include <string.h>

#include "contract.h"

#define ID	    "0123456789abcdef0123456789abcdef"
#define OTHER_ID    "fedcba9876543210fedcba9876543210"
#define REFRESH(id) "00000000000000000000000000000" id

/* Move NAME by COUNT as the instance that knows KNOWN. */
static void
copies_move(struct contract *contract, const struct store_instance *known, const char *name,
	    uint32_t count, struct store_instance *found, struct ticket_range *clock)
{
	struct text reason = TEXT_OVER(contract->words);
	struct store_move move = {.name = name, .name_len = (uint8_t)strlen(name), .count = count};
	struct store_order order = {
		.count = count,
		.moves = &move,
		.moves_count = count > 0,
		.known = known,
		.found = found,
	};

	CHECK(contract,
	      contract->store->reserve(contract->session, &order, clock, &reason) == STORE_OK);
}

static void
copies_count(struct contract *contract)
{
	struct store_instance known = {.id = ID, .seen = contract_clock(contract)}, found;
	struct store_instance read = {.id = ID};
	struct text reason = TEXT_OVER(contract->words);
	struct ticket_range clock;

	CHECK(contract, contract->store->instance(contract->session, &read, &reason) == STORE_OK);
	CHECK(contract, read.count == 0);
	copies_move(contract, &known, "copies/a", 5, &found, &clock);
	CHECK(contract, strcmp(found.id, ID) == 0 && found.count == 1 && found.seen == known.seen);
	known = (struct store_instance){.id = ID, .count = 1, .seen = clock.first + 4};
	copies_move(contract, &known, "copies/a", 5, &found, &clock);
	CHECK(contract, found.count == 2 && found.seen == known.seen);
	CHECK(contract, contract->store->instance(contract->session, &read, &reason) == STORE_OK);
	CHECK(contract, read.count == 2 && read.seen == known.seen);
}

/* Without sequences a statement only writes the row. */
static void
copies_refresh(struct contract *contract)
{
	struct store_instance known = {.id = OTHER_ID, .seen = contract_clock(contract)}, found;
	struct ticket_range clock = {0};

	copies_move(contract, &known, "", 0, &found, &clock);
	CHECK(contract, found.count == 1 && clock.count == 0);
	CHECK(contract, clock.first == known.seen + 1);
	CHECK(contract, contract_clock(contract) == known.seen);
}

/*
 * The database shows a count that is below the known one. Each statement must see that, and the row must keep
 * where the copy was, until a raise.
 */
static void
copies_are_seen(struct contract *contract)
{
	struct store_instance known = {.id = REFRESH("abc"), .seen = contract_clock(contract)},
			      found;
	struct store_instance row = {.id = REFRESH("abc")};
	struct text reason = TEXT_OVER(contract->words);
	struct ticket_range clock;
	uint64_t seen = known.seen, bound, before;

	copies_move(contract, &known, "copies/b", 1, &found, &clock);
	CHECK(contract, found.count == 1);
	known.count = 3; /* two statements are not in this copy */
	known.seen = seen + 1000;
	for (unsigned i = 0; i < 4; i++) {
		copies_move(contract, &known, "copies/b", 10, &found, &clock);
		CHECK(contract, found.count == 1 && found.seen == seen);
	}
	bound = clock.first + 1000;
	before = contract_newest(contract, "copies/b", 1);
	row.count = 3;
	CHECK(contract,
	      contract->store->raise(contract->session, &row, bound, &reason) == STORE_OK);
	CHECK(contract, row.count == 4 && row.seen >= bound);
	CHECK(contract, contract_newest(contract, "copies/b", 1) == before + (bound - seen) + 1);
	before = contract_clock(contract);
	CHECK(contract,
	      contract->store->raise(contract->session, &row, bound, &reason) == STORE_OK);
	CHECK(contract, row.count == 5 && contract_clock(contract) == before);
	known.count = 5;
	copies_move(contract, &known, "copies/b", 1, &found, &clock);
	CHECK(contract, found.count == 6 && found.seen == known.seen);
}

/* Others carry the copy on between two raises. A sequence that they do not use is as far behind as before. */
static void
copies_raised_twice(struct contract *contract)
{
	struct store_instance known = {.id = REFRESH("fed"), .seen = contract_clock(contract)},
			      found;
	struct store_instance row = {.id = REFRESH("fed"), .count = 9};
	struct text reason = TEXT_OVER(contract->words);
	uint64_t seen = known.seen, before;
	struct ticket_range clock;

	copies_move(contract, &known, "copies/t", 1, &found, &clock);
	before = contract_newest(contract, "copies/t", 1);
	(void)contract_newest(contract, "copies/carried", 700);
	CHECK(contract,
	      contract->store->raise(contract->session, &row, seen + 1000, &reason) == STORE_OK);
	(void)contract_newest(contract, "copies/carried", 700);
	CHECK(contract,
	      contract->store->raise(contract->session, &row, seen + 1500, &reason) == STORE_OK);
	CHECK(contract, contract_newest(contract, "copies/t", 1) == before + 1500 + 1);
}

/* The copy is from before the first statement of the instance. */
static void
copies_without_the_row(struct contract *contract)
{
	struct store_instance known = {.id = REFRESH("def"), .count = 7, .seen = 123456789}, found;
	struct store_instance row = {.id = REFRESH("def"), .count = 7};
	struct text reason = TEXT_OVER(contract->words);
	struct ticket_range clock;
	uint64_t before;

	for (unsigned i = 0; i < 3; i++) {
		copies_move(contract, &known, "copies/c", 1, &found, &clock);
		CHECK(contract, found.count == 0);
	}
	before = contract_clock(contract);
	CHECK(contract,
	      contract->store->raise(contract->session, &row, before + 5, &reason) == STORE_OK);
	CHECK(contract, contract_clock(contract) == before + before + 5 && row.count == 8);
}

static void
copies_raise_lifts_all(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	struct store_listed listed = {.last = 0};
	uint64_t clock, raised, number;
	bool found = false;

	raised = contract_newest(contract, "raise/new", 1) - 1;
	number = contract_newest(contract, "raise/old", 7);
	clock = contract_clock(contract);
	CHECK(contract,
	      contract->store->advance(contract->session, clock + 500, &reason) == STORE_OK);
	CHECK(contract, contract_clock(contract) == clock + 500);
	CHECK(contract, contract->store->show(contract->session, "raise/old", 9, &listed, &found,
					      &reason) == STORE_OK);
	CHECK(contract, found && listed.last == number + 500);
	CHECK(contract, contract_newest(contract, "raise/old", 1) == number + 501);
	CHECK(contract, contract_newest(contract, "raise/later", 1) == raised + 501);
	clock = contract_clock(contract);
	CHECK(contract,
	      contract->store->advance(contract->session, clock - 1, &reason) == STORE_OK);
	CHECK(contract, contract_clock(contract) == clock);
}

static void
copies_note_advances(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	const struct store *store = contract->store;
	uint64_t before, after;

	(void)contract_clock(contract);
	before = store->advances(contract->session);
	CHECK(contract, store->note_advance(contract->session, 0, &reason) == STORE_OK);
	(void)contract_clock(contract);
	after = store->advances(contract->session);
	CHECK(contract, after > before && after > 1700000000000000);
	CHECK(contract, store->note_advance(contract->session, 0, &reason) == STORE_OK);
	(void)contract_clock(contract);
	CHECK(contract, store->advances(contract->session) > after);
	after += 3600000000;
	CHECK(contract, store->note_advance(contract->session, after, &reason) == STORE_OK);
	(void)contract_clock(contract);
	CHECK(contract, store->advances(contract->session) == after);
}

struct seen {
	unsigned count;
	bool has_other;
};

static void
copies_see_instance(void *arg, const struct store_instance *row)
{
	struct seen *seen = arg;

	seen->count++;
	if (strcmp(row->id, OTHER_ID) == 0)
		seen->has_other = row->count > 0;
}

static void
copies_fold(struct contract *contract)
{
	struct text reason = TEXT_OVER(contract->words);
	const struct store *store = contract->store;
	struct seen seen = {0}, rest = {0};
	bool found = false;

	CHECK(contract,
	      store->instances(contract->session, copies_see_instance, &seen, &reason) == STORE_OK);
	CHECK(contract, seen.count >= 3 && seen.has_other);
	CHECK(contract, store->fold(contract->session, OTHER_ID, &found, &reason) == STORE_OK);
	CHECK(contract, found);
	CHECK(contract, store->fold(contract->session, OTHER_ID, &found, &reason) == STORE_OK);
	CHECK(contract, !found);
	CHECK(contract,
	      store->instances(contract->session, copies_see_instance, &rest, &reason) == STORE_OK);
	CHECK(contract, rest.count == seen.count - 1 && !rest.has_other);
}

const struct contract_test contract_copies[] = {
	{"each statement counts in the instance's row", copies_count},
	{"a statement without sequences writes the row alone", copies_refresh},
	{"every statement sees an older copy, until a raise", copies_are_seen},
	{"two raises are as far as the longer one", copies_raised_twice},
	{"a copy without the instance's row is seen", copies_without_the_row},
	{"a raise lifts every sequence, and those made later", copies_raise_lifts_all},
	{"the number of an advance rises", copies_note_advances},
	{"the row of an instance can be removed", copies_fold},
	{NULL, NULL},
};
