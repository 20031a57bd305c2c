#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "bigger_than.h"
#include "store/memory.h"

#define PREFIX	  "sequencer|||shop||"
#define NAME(key) PREFIX key

/* Keys of a store in memory. Node 3 of 10 has the ids 4, 14, 24 and so on. */
static const struct ticket_space plain = {1, 0, 1}, node = {10, 3, 1};
static struct memory_script script;
static struct store_session *session;
static struct sequencer sequencer;
static struct sequencer_bound bound;
static char reason_memory[512];
static struct text reason;

static void
begin(void)
{
	memory_script_init(&script);
	sequencer = (struct sequencer){.prefix = (char *)PREFIX,
				       .bounds = &bound,
				       .bound_count = 1,
				       .settings = {.space = plain}};
	sequencer.settings.own = &script;
	memory_sequences_store.claim(&sequencer.settings);
	reason = TEXT_OVER(reason_memory);
	cr_assert_eq(memory_sequences_store.open(&sequencer.settings, &session, &reason), STORE_OK);
}

static void
end(void)
{
	memory_sequences_store.close(session);
	memory_sequences_store.release(&sequencer.settings);
	memory_script_destroy(&script);
}

TestSuite(bigger_than, .init = begin, .fini = end);

static enum store_result
raise_key(const char *key, uint64_t id)
{
	bound = (struct sequencer_bound){(char *)key, id};
	text_clear(&reason);
	return bigger_than_raise(&memory_sequences_store, session, &sequencer, &reason);
}

/* Reserve COUNT numbers of the sequence NAME, and return the last one. */
static uint64_t
reserve(const char *name, uint32_t count)
{
	struct store_move move = {.name = name, .name_len = (uint8_t)strlen(name), .count = count};
	struct store_order order = {.count = count, .moves = &move, .moves_count = 1};
	struct ticket_range clock;

	cr_assert_eq(memory_sequences_store.reserve(session, &order, &clock, &reason), STORE_OK);
	return move.newest;
}

static void
declare(const char *name, struct sequence_policy policy)
{
	enum store_declared declared;

	policy.revision = 1;
	cr_assert_eq(memory_sequences_store.declare(session, name, (uint8_t)strlen(name), &policy,
						    &declared, &reason),
		     STORE_OK);
}

Test(bigger_than, the_next_number_is_larger)
{
	static const struct {
		uint64_t issued, id, next;
	} cases[] = {
		{0, 1000, 1001},    /* the key is not there */
		{1, 1000, 1001},    /* it is below */
		{999, 1000, 1001},  /* it is just below */
		{1000, 1000, 1001}, /* it is there */
		{1500, 1000, 1501}, /* it is past the bound */
		{0, 0, 1},	    /* every id is larger */
		{0, 1, 2},	    {5, SEQUENCE_MOST_JUMP, SEQUENCE_MOST_JUMP + 1},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char key[] = {'k', (char)('a' + i), '\0'}, name[64];

		snprintf(name, sizeof(name), PREFIX "%s", key);
		if (cases[i].issued > 0)
			reserve(name, (uint32_t)cases[i].issued);
		cr_assert_eq(raise_key(key, cases[i].id), STORE_OK, "case %zu: %s", i,
			     reason_memory);
		cr_assert_eq(reserve(name, 1), cases[i].next, "case %zu", i);
	}
}

Test(bigger_than, a_bound_is_an_id_of_the_node)
{
	static const struct {
		uint64_t id, next; /* the next number is that of the first id above ID */
	} cases[] = {{0, 1}, {3, 1}, {4, 2}, {13, 2}, {14, 3}, {1000, 101}};

	sequencer.settings.space = node;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char key[] = {'k', (char)('a' + i), '\0'}, name[64];
		uint64_t number, id;

		snprintf(name, sizeof(name), PREFIX "%s", key);
		cr_assert_eq(raise_key(key, cases[i].id), STORE_OK);
		number = reserve(name, 1);
		id = 1 + (number - 1) * node.max_nodes + node.node_number;
		cr_assert_eq(number, cases[i].next, "case %zu", i);
		cr_assert_gt(id, cases[i].id, "case %zu", i);
	}
}

Test(bigger_than, a_second_start_changes_nothing)
{
	cr_assert_eq(raise_key("orders", 1000), STORE_OK);
	cr_assert_eq(raise_key("orders", 1000), STORE_OK);
	cr_assert_eq(reserve(NAME("orders"), 1), 1001);
	cr_assert_eq(raise_key("orders", 1000), STORE_OK);
	cr_assert_eq(reserve(NAME("orders"), 1), 1002);
}

Test(bigger_than, a_key_of_another_prefix_stays)
{
	reserve("orders", 1);
	cr_assert_eq(raise_key("orders", 1000), STORE_OK);
	cr_assert_eq(reserve("orders", 1), 2);
}

Test(bigger_than, a_key_that_can_have_no_such_id_is_refused_with_the_reason)
{
	struct sequence_policy short_one = SEQUENCE_DEFAULT_POLICY;
	bool found;

	short_one.most = 1000;
	declare(NAME("short"), short_one);
	reserve(NAME("gone"), 1);
	cr_assert_eq(memory_sequences_store.retire(session, NAME("gone"), strlen(NAME("gone")),
						   &found, &reason),
		     STORE_OK);

	cr_assert_eq(raise_key("short", 999), STORE_OK, "%s", reason_memory);
	cr_assert_eq(raise_key("short", 1000), STORE_REFUSED);
	cr_assert_not_null(strstr(reason_memory, "the key short cannot be bigger than 1000: its "
						 "last id is not larger: raise its most"));
	cr_assert_eq(raise_key("gone", 5), STORE_REFUSED);
	cr_assert_not_null(strstr(reason_memory, "the key gone cannot be bigger than 5: it is "
						 "retired"));
	cr_assert_eq(raise_key("a||b", 5), STORE_REFUSED);
	cr_assert_not_null(strstr(reason_memory, "must not have ||"));
}

/* --- a store that fails ---------------------------------------------------------------------------- */

static enum store_result
lose_show(struct store_session *one, const char *name, uint8_t name_len,
	  struct store_listed *listed, bool *found, struct text *text)
{
	(void)one, (void)name, (void)name_len, (void)listed, (void)found;
	text_add(text, "the connection is gone");
	return STORE_LOST;
}

static enum store_result
differ(struct store_session *one, const char *name, uint8_t name_len,
       const struct sequence_policy *wanted, enum store_declared *declared, struct text *text)
{
	(void)one, (void)name, (void)name_len, (void)wanted, (void)text;
	*declared = STORE_DECLARED_DIFFERS;
	return STORE_OK;
}

Test(bigger_than, the_failure_of_a_store_comes_with_the_key)
{
	struct store store = memory_sequences_store;

	bound = (struct sequencer_bound){(char *)"orders", 7};
	store.show = lose_show;
	cr_assert_eq(bigger_than_raise(&store, session, &sequencer, &reason), STORE_LOST);
	cr_assert_str_eq(reason_memory,
			 "the key orders cannot be bigger than 7: the connection is gone");
}

/* Another server makes the key between the reading and the making: the caller looks again. */
Test(bigger_than, a_key_that_appears_meanwhile_is_looked_at_again)
{
	struct store store = memory_sequences_store;

	bound = (struct sequencer_bound){(char *)"orders", 7};
	store.declare = differ;
	cr_assert_eq(bigger_than_raise(&store, session, &sequencer, &reason), STORE_BUSY);
}
