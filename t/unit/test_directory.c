#include <criterion/criterion.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "directory/directory.h"

#define NOW_MS 1000000

static const struct directory_settings settings = {
	.most = 1000,
	.per_second = 10000,
	.miss_ms = 2000,
	.hash_key = {{1, 2}},
};

static struct directory *directory;

static void
begin(void)
{
	directory = directory_new(&settings);
}

static void
end(void)
{
	directory_free(directory);
}

TestSuite(directory, .init = begin, .fini = end);

static struct directory_found
found_as(enum directory_result expected, const char *name)
{
	struct directory_found found;

	cr_assert_eq(directory_find(directory, name, strlen(name), NOW_MS, &found), expected, "%s",
		     name);
	return found;
}

static struct sequence *
made(const char *name)
{
	struct directory_found found;

	cr_assert_eq(directory_make(directory, name, strlen(name), NOW_MS, &found), DIRECTORY_KNOWN,
		     "%s", name);
	return found.sequence;
}

static struct directory_found
learnt_as(enum directory_result expected, const char *name, const struct sequence_policy *policy)
{
	struct directory_found found;

	cr_assert_eq(directory_learn(directory, name, strlen(name), policy, &found), expected, "%s",
		     name);
	return found;
}

static struct sequence_policy
policy_of(uint32_t revision, enum sequence_order order)
{
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY;

	policy.revision = revision;
	policy.order = order;
	policy.is_declared = true;
	return policy;
}

Test(directory, a_name_has_one_sequence_for_ever)
{
	struct sequence *orders = made("orders");

	cr_assert_eq(found_as(DIRECTORY_KNOWN, "orders").sequence, orders);
	cr_assert_eq(made("orders"), orders);
	cr_assert_eq(orders->name_len, 6);
	cr_assert_eq(memcmp(orders->name, "orders", 7), 0);
	cr_assert_eq(directory_known(directory), 1);
}

Test(directory, names_are_compared_byte_for_byte)
{
	static const char *const names[] = {"a", "A", "a ", " a", "aa", "\xc3\xa4", "a\xcc\x88"};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		found_as(DIRECTORY_UNKNOWN, names[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		made(names[i]);
	cr_assert_eq(directory_known(directory), ARRAY_LENGTH(names));
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		cr_assert_eq(strcmp(found_as(DIRECTORY_KNOWN, names[i]).sequence->name, names[i]),
			     0);
}

Test(directory, a_sequence_made_on_first_use_has_the_default_policy)
{
	struct sequence_policy policy;

	made("orders");
	policy = found_as(DIRECTORY_KNOWN, "orders").policy;
	cr_assert_eq(policy.revision, 0);
	cr_assert_eq(policy.order, SEQUENCE_STRONG);
	cr_assert_eq(policy.form, SEQUENCE_PLAIN);
	cr_assert_eq(policy.start, 1);
	cr_assert_eq(policy.most, SEQUENCE_MOST);
	cr_assert_eq(policy.width, 63);
	cr_assert_not(policy.is_declared || policy.is_retired);
}

Test(directory, a_policy_is_replaced_by_newer_ones_only)
{
	struct sequence_policy first = policy_of(1, SEQUENCE_STRONG);
	struct sequence_policy second = policy_of(2, SEQUENCE_WEAK);
	struct sequence *orders = learnt_as(DIRECTORY_KNOWN, "orders", &second).sequence;

	cr_assert_eq(learnt_as(DIRECTORY_KNOWN, "orders", &first).policy.revision, 2);
	cr_assert_eq(directory_policy(directory, orders).order, SEQUENCE_WEAK);
	second.revision = 3;
	second.most = 500;
	cr_assert_eq(learnt_as(DIRECTORY_KNOWN, "orders", &second).sequence, orders);
	cr_assert_eq(found_as(DIRECTORY_KNOWN, "orders").policy.most, 500);
}

Test(directory, a_policy_that_was_found_to_be_another_replaces_the_one_that_was_used)
{
	struct sequence_policy seventh = policy_of(7, SEQUENCE_WEAK);
	struct sequence_policy third = policy_of(3, SEQUENCE_STRONG);
	struct sequence *orders = learnt_as(DIRECTORY_KNOWN, "orders", &seventh).sequence;

	cr_assert_not(directory_replace(directory, orders, 6, &third));
	cr_assert_eq(directory_policy(directory, orders).revision, 7);
	cr_assert(directory_replace(directory, orders, 7, &third), "a restored copy is older");
	cr_assert_eq(directory_policy(directory, orders).revision, 3);
	cr_assert_not(directory_replace(directory, orders, 7, &seventh), "another was quicker");
}

Test(directory, a_retired_name_stays_retired_and_does_not_count)
{
	struct sequence_policy policy = policy_of(2, SEQUENCE_STRONG);
	struct sequence *orders = made("orders");

	made("invoices");
	cr_assert_eq(directory_live(directory), 2);
	policy.is_retired = true;
	cr_assert_eq(learnt_as(DIRECTORY_RETIRED, "orders", &policy).sequence, orders);
	cr_assert_eq(directory_live(directory), 1);
	policy.is_retired = false;
	policy.revision = 3;
	learnt_as(DIRECTORY_RETIRED, "orders", &policy);
	cr_assert(directory_replace(directory, orders, 3, &policy));
	cr_assert_eq(found_as(DIRECTORY_RETIRED, "orders").sequence, orders);
	cr_assert_eq(directory_live(directory), 1);
	cr_assert_eq(directory_known(directory), 2);
}

Test(directory, a_retired_name_that_nobody_used_takes_no_memory_and_cannot_be_made)
{
	struct sequence_policy policy = policy_of(2, SEQUENCE_STRONG);
	struct directory_found found;

	policy.is_retired = true;
	cr_assert_null(learnt_as(DIRECTORY_RETIRED, "old", &policy).sequence);
	cr_assert_null(found_as(DIRECTORY_RETIRED, "old").sequence);
	cr_assert_eq(directory_make(directory, "old", 3, NOW_MS, &found), DIRECTORY_RETIRED);
	cr_assert_eq(directory_known(directory), 0);
}

Test(directory, a_miss_is_remembered_for_its_time_and_no_longer)
{
	struct directory_found found;

	directory_note_missing(directory, "orders", 6, NOW_MS);
	found_as(DIRECTORY_MISSING, "orders");
	found_as(DIRECTORY_UNKNOWN, "order");
	cr_assert_eq(directory_find(directory, "orders", 6, NOW_MS + settings.miss_ms, &found),
		     DIRECTORY_UNKNOWN);
}

Test(directory, a_miss_ends_when_the_name_is_there)
{
	struct sequence_policy policy = policy_of(1, SEQUENCE_STRONG);

	directory_note_missing(directory, "orders", 6, NOW_MS);
	learnt_as(DIRECTORY_KNOWN, "orders", &policy);
	found_as(DIRECTORY_KNOWN, "orders");
	directory_note_missing(directory, "orders", 6, NOW_MS);
	found_as(DIRECTORY_KNOWN, "orders");
}

Test(directory, a_miss_does_not_hinder_a_first_use)
{
	directory_note_missing(directory, "orders", 6, NOW_MS);
	made("orders");
	found_as(DIRECTORY_KNOWN, "orders");
}

/* Bytes that the process has allocated. 0: a sanitizer replaces malloc, and does not count. */
static size_t
allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

Test(directory, misses_take_a_bounded_memory)
{
	size_t before = allocated();

	for (unsigned i = 0; i < 100000; i++) {
		char name[20];

		snprintf(name, sizeof(name), "random-%u", i);
		directory_note_missing(directory, name, strlen(name), NOW_MS);
	}
	cr_assert_eq(directory_known(directory), 0);
	cr_assert_leq(allocated(), before + 4096);
}

Test(directory, past_the_most_no_name_is_made_and_known_ones_go_on)
{
	struct directory_found found;
	struct sequence_policy policy = policy_of(1, SEQUENCE_STRONG);
	char name[20], message[300];
	struct text reason = TEXT_OVER(message);

	for (unsigned i = 0; i < settings.most; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		made(name);
	}
	cr_assert_eq(directory_make(directory, "more", 4, NOW_MS, &found), DIRECTORY_FULL);
	cr_assert_null(found.sequence);
	found_as(DIRECTORY_KNOWN, "n0");
	made("n999");
	learnt_as(DIRECTORY_KNOWN, "declared", &policy);
	directory_explain(directory, DIRECTORY_FULL, &reason);
	cr_assert_not_null(strstr(message, "TICKR_SEQUENCES_MOST"), "%s", message);
	cr_assert_not_null(strstr(message, "1000"), "%s", message);
	policy.is_retired = true;
	learnt_as(DIRECTORY_RETIRED, "n7", &policy);
	learnt_as(DIRECTORY_RETIRED, "n8", &policy);
	made("more");
}

Test(directory, names_of_the_database_are_known_however_many_they_are)
{
	struct sequence_policy policy = policy_of(1, SEQUENCE_STRONG);
	char name[20];

	for (unsigned i = 0; i < 3 * settings.most; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		cr_assert_not_null(learnt_as(DIRECTORY_KNOWN, name, &policy).sequence);
	}
	cr_assert(directory_is_full(directory));
	learnt_as(DIRECTORY_KNOWN, "n5", &policy);
}

Test(directory, names_that_are_made_too_fast_are_refused_and_found_ones_are_not)
{
	struct directory_settings slow = settings;
	struct directory *d;
	struct directory_found found;
	char name[20];

	slow.per_second = 5;
	d = directory_new(&slow);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		cr_assert_eq(directory_make(d, name, 2, NOW_MS, &found), DIRECTORY_KNOWN);
	}
	cr_assert_eq(directory_make(d, "n5", 2, NOW_MS, &found), DIRECTORY_TOO_FAST);
	cr_assert_eq(directory_make(d, "n4", 2, NOW_MS, &found), DIRECTORY_KNOWN);
	cr_assert_eq(directory_make(d, "n5", 2, NOW_MS + 200, &found), DIRECTORY_KNOWN);
	directory_free(d);
}

Test(directory, the_busiest_sequences_are_ranked_by_what_they_issued_lately)
{
	struct sequence *orders = made("orders"), *invoices = made("invoices");
	struct directory_ranking ranking;

	made("idle");
	directory_count(orders, 5000);
	directory_count(invoices, 7);
	directory_rank(directory);
	directory_ranking(directory, &ranking);
	cr_assert_eq(ranking.count, 2);
	cr_assert_eq(ranking.busiest[0].sequence, orders);
	directory_count(invoices, 8);
	directory_count(orders, 1);
	directory_rank(directory);
	directory_ranking(directory, &ranking);
	cr_assert_eq(ranking.busiest[0].sequence, invoices);
	cr_assert_eq(ranking.busiest[0].recent, 8);
	cr_assert_eq(ranking.busiest[0].issued, 15);
	cr_assert_eq(ranking.busiest[1].recent, 1);
	cr_assert_eq(ranking.busiest[1].issued, 5001);
}

/* Bytes a key for 100,000 names of LEN bytes. */
static size_t
memory_of_a_key(size_t len)
{
	struct directory_settings large = settings;
	struct directory_found found;
	size_t before = allocated(), after;
	struct directory *d;

	large.most = 100000;
	large.per_second = 100000;
	d = directory_new(&large);
	for (unsigned i = 0; i < large.most; i++) {
		char name[SEQUENCE_NAME_MOST + 1];

		memset(name, 'n', sizeof(name));
		memcpy(name, &i, sizeof(i));
		cr_assert_eq(directory_make(d, name, len, NOW_MS, &found), DIRECTORY_KNOWN);
	}
	after = allocated();
	directory_free(d);
	return (after - before) / large.most;
}

Test(directory, a_key_that_is_known_takes_at_most_250_bytes)
{
	size_t usual = memory_of_a_key(24), longest = memory_of_a_key(128);

	cr_log_info("bytes a key: %zu with names of 24 bytes, %zu with 128", usual, longest);
	cr_assert_leq(usual, 150);
	cr_assert_leq(longest, 250);
}
