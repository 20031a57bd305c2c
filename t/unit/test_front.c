#include "front_kit.h"

#define STRONG	  FRONT_ORDER_STRONG
#define WEAK	  FRONT_ORDER_WEAK
#define NOT_NAMED FRONT_ORDER_NOT_NAMED

static void
assert_ids(const struct kit_created *created, uint64_t first, uint64_t increment, uint32_t count)
{
	cr_assert_eq(created->outcome, FRONT_OK, "%s", created->reason);
	cr_assert_eq(created->ids.first, first, "%lu", (unsigned long)created->ids.first);
	cr_assert_eq(created->ids.increment, increment);
	cr_assert_eq(created->ids.count, count);
}

static void
assert_refused(const struct kit_created *created, enum front_outcome outcome, const char *words)
{
	cr_assert_eq(created->outcome, outcome, "%d: %s", created->outcome, created->reason);
	cr_assert_not_null(strstr(created->reason, words), "%s", created->reason);
}

/* --- names ------------------------------------------------------------------------------------------- */

Test(front, a_first_use_makes_a_sequence_that_begins_at_1)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_ANY);
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_ids(&created, 1, 1, 1);
	cr_assert_eq(kit.shows, 1);
	created = kit_create(&kit, "orders", NOT_NAMED, 3);
	assert_ids(&created, 2, 1, 3);
	created = kit_create(&kit, "invoices", NOT_NAMED, 1);
	assert_ids(&created, 1, 1, 1);
	cr_assert_eq(kit.shows, 2, "a known name is not read again");
	cr_assert_eq(kit.reserves, 3);
	kit_end(&kit);
}

Test(front, nodes_stay_apart)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit.space = (struct ticket_space){10, 3, 1};
	created = kit_create(&kit, "orders", NOT_NAMED, 2);
	assert_ids(&created, 4, 10, 2);
	kit_end(&kit);
}

Test(front, a_name_that_no_operator_declared_is_not_found_and_is_asked_for_once)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_DECLARED);
	for (unsigned i = 0; i < 3; i++) {
		created = kit_create(&kit, "orders", NOT_NAMED, 1);
		assert_refused(&created, FRONT_NOT_FOUND, "tickrd sequence create");
	}
	cr_assert_eq(kit.shows, 1);
	cr_assert_eq(kit.reserves, 0);
	cr_assert_eq(kit.row_count, 0);
	kit_end(&kit);
}

Test(front, a_name_that_a_first_use_made_is_not_declared)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_DECLARED);
	kit_add(&kit, "orders", 6)->last = 5;
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_refused(&created, FRONT_NOT_FOUND, "tickrd sequence create");
	cr_assert_eq(kit.reserves, 0);
	kit_end(&kit);
}

Test(front, a_declared_name_is_served_in_both_modes)
{
	for (unsigned names = FRONT_NAMES_DECLARED; names <= FRONT_NAMES_ANY; names++) {
		struct kit kit;
		struct kit_created created;

		kit_begin(&kit, (enum front_names)names);
		kit_declare(&kit, "orders", SEQUENCE_STRONG)->last = 99;
		created = kit_create(&kit, "orders", NOT_NAMED, 1);
		assert_ids(&created, 100, 1, 1);
		kit_end(&kit);
	}
}

Test(front, names_that_the_database_has_are_not_new)
{
	static const char *const names[] = {"a", "b", "c"};
	struct kit kit;
	struct kit_created created;

	kit_begin_with(&kit, &(struct front_settings){.names = FRONT_NAMES_ANY, .databases = 1},
		       100, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		kit_add(&kit, names[i], 1);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		created = kit_create(&kit, names[i], NOT_NAMED, 1);
		assert_ids(&created, 1, 1, 1);
	}
	created = kit_create(&kit, "d", NOT_NAMED, 1);
	assert_ids(&created, 1, 1, 1);
	created = kit_create(&kit, "e", NOT_NAMED, 1);
	assert_refused(&created, FRONT_TOO_FAST, "TICKR_SEQUENCES_PER_SECOND");
	created = kit_create(&kit, "a", NOT_NAMED, 1);
	assert_ids(&created, 2, 1, 1);
	kit_end(&kit);
}

Test(front, past_the_most_names_only_new_ones_are_refused)
{
	struct kit kit;
	struct kit_created created;

	kit_begin_with(&kit, &(struct front_settings){.names = FRONT_NAMES_ANY, .databases = 1}, 2,
		       100);
	created = kit_create(&kit, "a", NOT_NAMED, 1);
	created = kit_create(&kit, "b", NOT_NAMED, 1);
	created = kit_create(&kit, "c", NOT_NAMED, 1);
	assert_refused(&created, FRONT_FULL, "TICKR_SEQUENCES_MOST");
	cr_assert_null(kit_row(&kit, "c", 1));
	created = kit_create(&kit, "a", NOT_NAMED, 1);
	assert_ids(&created, 2, 1, 1);
	kit_declare(&kit, "d", SEQUENCE_STRONG);
	created = kit_create(&kit, "d", NOT_NAMED, 1);
	assert_ids(&created, 1, 1, 1);
	kit_end(&kit);
}

Test(front, a_failed_look_at_a_name_makes_nothing)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit.failure = TICKET_DATABASE_FAILED;
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_refused(&created, FRONT_UNAVAILABLE, "it failed");
	cr_assert_eq(directory_known(kit.directory), 0);
	kit.failure = TICKET_OK;
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_ids(&created, 1, 1, 1);
	kit_end(&kit);
}

/* --- reservations -------------------------------------------------------------------------------------- */

Test(front, requests_of_a_round_share_a_reservation_for_each_sequence)
{
	static const char *const names[] = {"a", "b"};
	struct kit kit;
	struct kit_created created[20];

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit_create(&kit, "a", NOT_NAMED, 1);
	kit_create(&kit, "b", NOT_NAMED, 1);
	for (unsigned i = 0; i < ARRAY_LENGTH(created); i++)
		kit_ask(&kit, &created[i], names[i % 2], STRONG, 1 + i);
	kit_run(&kit);
	cr_assert_eq(kit.reserves, 4);
	for (unsigned i = 0; i < ARRAY_LENGTH(created); i++) {
		const struct kit_created *before = i < 2 ? NULL : &created[i - 2];

		assert_ids(&created[i], before != NULL ? before->ids.first + before->ids.count : 2,
			   1, 1 + i);
	}
	kit_end(&kit);
}

Test(front, a_strong_request_reserves_and_drops_what_is_held)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit_declare(&kit, "weak", SEQUENCE_WEAK);
	kit_declare(&kit, "strong", SEQUENCE_STRONG);
	kit_create(&kit, "weak", NOT_NAMED, 1);
	cr_assert_eq(kit.weak, 1);
	kit_create(&kit, "weak", WEAK, 1);
	kit_create(&kit, "made", WEAK, 1);
	cr_assert_eq(kit.weak, 3);
	cr_assert_eq(kit.drops, 0);
	kit_create(&kit, "weak", STRONG, 1);
	cr_assert_eq(kit.drops, 1);
	created = kit_create(&kit, "strong", WEAK, 1);
	assert_ids(&created, 1, 1, 1);
	kit_create(&kit, "made", NOT_NAMED, 1);
	cr_assert_eq(kit.drops, 3);
	cr_assert_eq(kit.weak, 3);
	kit_end(&kit);
}

Test(front, the_policy_decides_which_of_several_databases_may_reserve)
{
	struct kit kit;
	struct kit_created created;

	kit_begin_with(&kit, &(struct front_settings){.names = FRONT_NAMES_ANY, .databases = 2}, 9,
		       9);
	kit_declare(&kit, "weak", SEQUENCE_WEAK);
	kit_create(&kit, "weak", NOT_NAMED, 1);
	kit_create(&kit, "made", NOT_NAMED, 1);
	kit_ask(&kit, &created, "weak", NOT_NAMED, 1);
	allocator_flush(kit.allocator);
	cr_assert_eq(kit.out[0]->order, SEQUENCE_WEAK);
	kit_run(&kit);
	kit_ask(&kit, &created, "made", WEAK, 1);
	allocator_flush(kit.allocator);
	cr_assert_eq(kit.out[0]->order, SEQUENCE_STRONG, "its numbers are of one database");
	kit_run(&kit);
	created = kit_create(&kit, "weak", STRONG, 1);
	assert_refused(&created, FRONT_BAD_REQUEST, "order=strong");
	kit_end(&kit);
}

Test(front, a_failed_reservation_fails_its_request)
{
	static const struct {
		enum ticket_status status;
		enum front_outcome outcome;
	} cases[] = {
		{TICKET_TIMED_OUT, FRONT_UNAVAILABLE},
		{TICKET_DATABASE_REFUSED, FRONT_UNAVAILABLE},
		{TICKET_EXHAUSTED, FRONT_EXHAUSTED},
	};
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit_create(&kit, "orders", NOT_NAMED, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		kit.failure = cases[i].status;
		created = kit_create(&kit, "orders", NOT_NAMED, 1);
		assert_refused(&created, cases[i].outcome, "it failed");
	}
	kit_end(&kit);
}

Test(front, too_many_waiting_requests_are_refused_whatever_they_ask)
{
	struct kit kit;
	struct kit_created created[2];

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit_create(&kit, "orders", NOT_NAMED, 1);
	kit.limit.most = 1;
	kit_ask(&kit, &created[0], "orders", NOT_NAMED, 1);
	kit_ask(&kit, &created[1], "other", NOT_NAMED, 1);
	assert_refused(&created[1], FRONT_UNAVAILABLE, "TICKR_MAX_WAITING");
	kit_run(&kit);
	assert_ids(&created[0], 2, 1, 1);
	kit_end(&kit);
}

Test(front, ids_end_where_the_space_ends)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit.space = (struct ticket_space){4, 3, 1};
	kit_declare(&kit, "orders", SEQUENCE_STRONG)->last = (1ull << 61) - 1;
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_refused(&created, FRONT_EXHAUSTED, "exhausted");
	kit_end(&kit);
}

/* --- changes ------------------------------------------------------------------------------------------ */

Test(front, numbers_under_another_policy_become_a_gap)
{
	struct kit kit;
	struct kit_created created;
	struct kit_row *row;

	kit_begin(&kit, FRONT_NAMES_DECLARED);
	row = kit_declare(&kit, "orders", SEQUENCE_WEAK);
	kit_create(&kit, "orders", NOT_NAMED, 1);
	row->policy.order = SEQUENCE_STRONG;
	row->policy.revision = 2;
	created = kit_create(&kit, "orders", WEAK, 1);
	assert_ids(&created, 3, 1, 1);
	cr_assert_eq(kit.weak, 2);
	cr_assert_eq(kit.strong, 3, "two looks, and the reservation under the new policy");
	created = kit_create(&kit, "orders", WEAK, 1);
	assert_ids(&created, 4, 1, 1);
	cr_assert_eq(kit.shows, 2);
	kit_end(&kit);
}

Test(front, a_sequence_that_is_declared_while_it_is_first_used_follows_its_policy)
{
	struct kit kit;
	struct kit_created created;
	struct kit_row *row;

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit_ask(&kit, &created, "orders", NOT_NAMED, 1);
	allocator_flush(kit.allocator);
	kit.out_count = 0;
	{
		struct reservation *look = kit.out[0];

		kit_answer(&kit, look); /* there is no row yet */
	}
	row = kit_declare(&kit, "orders", SEQUENCE_STRONG);
	row->last = 499; /* it starts at 500 */
	kit_run(&kit);
	assert_ids(&created, 501, 1, 1);
	kit_end(&kit);
}

Test(front, a_retired_sequence_refuses_for_ever)
{
	struct kit kit;
	struct kit_created created;
	struct kit_row *row;
	unsigned shows;

	kit_begin(&kit, FRONT_NAMES_ANY);
	row = kit_declare(&kit, "orders", SEQUENCE_STRONG);
	kit_create(&kit, "orders", NOT_NAMED, 1);
	row->policy.is_retired = true;
	row->policy.revision = 2;
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_refused(&created, FRONT_RETIRED, "retired");
	shows = kit.shows;
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_refused(&created, FRONT_RETIRED, "retired");
	cr_assert_eq(kit.shows, shows, "the database is not asked again");
	kit_end(&kit);
}

/* A row that changes at each look. */
Test(front, a_policy_that_changes_again_and_again_ends_the_request)
{
	struct kit kit;
	struct kit_created created;

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit_declare(&kit, "orders", SEQUENCE_STRONG);
	kit_create(&kit, "orders", NOT_NAMED, 1);
	kit.rows[0].policy.revision = 2;
	kit_ask(&kit, &created, "orders", NOT_NAMED, 1);
	while (created.answers == 0) {
		struct reservation *reservation;

		allocator_flush(kit.allocator);
		cr_assert_eq(kit.out_count, 1);
		reservation = kit.out[0];
		kit.out_count = 0;
		if (reservation->task == RESERVATION_RESERVE)
			kit.rows[0].policy.revision++;
		kit_answer(&kit, reservation);
	}
	assert_refused(&created, FRONT_UNAVAILABLE, "policy of the sequence changes");
	cr_assert_eq(kit.reserves, 3);
	kit_end(&kit);
}

/* --- scrambled ids -------------------------------------------------------------------------------------- */

Test(front, without_a_key_no_scrambled_id_is_issued)
{
	struct kit kit;
	struct kit_created created;
	struct kit_row *row;

	kit_begin(&kit, FRONT_NAMES_ANY);
	row = kit_declare(&kit, "orders", SEQUENCE_WEAK);
	row->policy.form = SEQUENCE_SCRAMBLED;
	row->policy.fingerprint = 7;
	created = kit_create(&kit, "orders", NOT_NAMED, 1);
	assert_refused(&created, FRONT_UNAVAILABLE, "TICKR_SCRAMBLE_KEY_FILE");
	created = kit_create(&kit, "orders", STRONG, 1);
	assert_refused(&created, FRONT_BAD_REQUEST, "order=strong");
	cr_assert_eq(kit.reserves, 0);
	kit_end(&kit);
}

/* --- rows of the database ---------------------------------------------------------------------------- */

struct looked {
	struct front_look look;
	unsigned answers;
	enum front_outcome outcome;
	char reason[REASON_SIZE];
	char names[256]; /* with a comma after each */
	uint64_t last;	 /* of the last one */
	bool is_more;
};

static void
note_shown(struct front_look *look, const struct front_shown *shown)
{
	struct looked *looked = CONTAINER_OF(look, struct looked, look);
	struct text names = TEXT_OVER(looked->names);

	looked->answers++;
	looked->outcome = shown->outcome;
	looked->is_more = shown->is_more;
	if (shown->reason != NULL)
		snprintf(looked->reason, REASON_SIZE, "%s", shown->reason);
	for (uint32_t i = 0; i < shown->count; i++) {
		text_add_bytes(&names, shown->entries[i].name, shown->entries[i].name_len);
		text_add(&names, ",");
		looked->last = shown->entries[i].last;
	}
}

Test(front, a_sequence_is_shown_as_its_row_is)
{
	struct kit kit;
	struct looked looked = {.look.answer = note_shown};

	kit_begin(&kit, FRONT_NAMES_ANY);
	kit_create(&kit, "orders", NOT_NAMED, 42);
	kit.held = 7;
	front_show(kit.front, &looked.look, "orders", 6);
	kit_run(&kit);
	cr_assert_eq(looked.answers, 1);
	cr_assert_eq(looked.outcome, FRONT_OK);
	cr_assert_str_eq(looked.names, "orders,");
	cr_assert_eq(looked.last, 42);
	cr_assert_eq(front_held(kit.front, "orders", 6), 7);
	cr_assert_eq(front_held(kit.front, "others", 6), 0);
	kit_end(&kit);
}

Test(front, a_look_makes_no_sequence_and_says_how_to_make_one)
{
	static const struct {
		enum front_names names;
		const char *words;
	} cases[] = {
		{FRONT_NAMES_ANY, "the first create makes it"},
		{FRONT_NAMES_DECLARED, "tickrd sequence create"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct kit kit;
		struct looked looked = {.look.answer = note_shown};

		kit_begin(&kit, cases[i].names);
		front_show(kit.front, &looked.look, "orders", 6);
		kit_run(&kit);
		cr_assert_eq(looked.outcome, FRONT_NOT_FOUND);
		cr_assert_not_null(strstr(looked.reason, cases[i].words), "%s", looked.reason);
		cr_assert_eq(directory_known(kit.directory), 0);
		kit_end(&kit);
	}
}

Test(front, a_page_says_whether_another_one_follows)
{
	static const struct {
		const char *after;
		uint32_t limit;
		const char *names;
		bool is_more;
	} cases[] = {
		{"", 2, "a,b,", true},	       {"b", 2, "c,d,", false}, {"", 4, "a,b,c,d,", false},
		{"", 3, "a,b,c,", true},       {"d", 2, "", false},	{"bb", 1, "c,", true},
		{"", 1000, "a,b,c,d,", false},
	};
	struct kit kit;

	kit_begin(&kit, FRONT_NAMES_ANY);
	for (const char *name = "dbca"; *name != '\0'; name++)
		kit_add(&kit, name, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct looked looked = {.look.answer = note_shown};

		front_list(kit.front, &looked.look, cases[i].after, strlen(cases[i].after),
			   cases[i].limit);
		kit_run(&kit);
		cr_assert_eq(looked.outcome, FRONT_OK);
		cr_assert_str_eq(looked.names, cases[i].names, "case %zu", i);
		cr_assert_eq(looked.is_more, cases[i].is_more, "case %zu", i);
	}
	kit_end(&kit);
}

Test(front, a_look_that_expires_is_answered_once)
{
	struct kit kit;
	struct looked looked = {.look.answer = note_shown};

	kit_begin(&kit, FRONT_NAMES_ANY);
	front_show(kit.front, &looked.look, "orders", 6);
	allocator_flush(kit.allocator);
	allocator_expire(kit.allocator, UINT64_MAX / 2);
	cr_assert_eq(looked.answers, 1);
	cr_assert_eq(looked.outcome, FRONT_UNAVAILABLE);
	kit_end(&kit);
}
