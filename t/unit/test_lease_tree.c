#include <criterion/criterion.h>

#include "lease/choice.h"
#include "lease/note.h"
#include "lease/tree.h"

static const struct lease_tree tree = {.prefix = "/id-generator", .datacenter = 2, .workers = 256};
static const struct lease_tree nodes = {
	.prefix = "uuid-generator", .layout = TREE_LAYOUT_NODES, .workers = 1024};

Test(lease_tree, paths_are_those_of_the_shared_tree)
{
	char path[TREE_PATH_SIZE];

	lease_tree_worker(&tree, TREE_WORKERS, 5, path);
	cr_assert_str_eq(path, "/id-generator/datacenters/dc2/workers/worker5");
	lease_tree_worker(&tree, TREE_BOUNDS, 5, path);
	cr_assert_str_eq(path, "/id-generator/bounds/dc2_worker5");
	lease_tree_worker(&tree, TREE_RETIRED, 5, path);
	cr_assert_str_eq(path, "/id-generator/retired_workers/dc2_worker5");
	lease_tree_folder(&tree, TREE_WORKERS, path);
	cr_assert_str_eq(path, "/id-generator/datacenters/dc2/workers");
	lease_tree_setting(&tree, "epoch", path);
	cr_assert_str_eq(path, "/id-generator/config/epoch");
	lease_tree_worker(&nodes, TREE_WORKERS, 1023, path);
	cr_assert_str_eq(path, "uuid-generator/node/1023");
	lease_tree_worker(&nodes, TREE_BOUNDS, 0, path);
	cr_assert_str_eq(path, "uuid-generator/bounds/0");
}

Test(lease_tree, only_names_of_this_datacenter_are_worker_ids)
{
	uint32_t worker = 9999;

	cr_assert(lease_tree_parse(&tree, TREE_WORKERS, "worker255", &worker));
	cr_assert_eq(worker, 255);
	cr_assert(lease_tree_parse(&tree, TREE_RETIRED, "dc2_worker0", &worker));
	cr_assert_eq(worker, 0);
	cr_assert(lease_tree_parse(&nodes, TREE_WORKERS, "17", &worker));
	cr_assert_eq(worker, 17);
	cr_assert_not(lease_tree_parse(&tree, TREE_WORKERS, "worker256", &worker));
	cr_assert_not(lease_tree_parse(&tree, TREE_WORKERS, "worker", &worker));
	cr_assert_not(lease_tree_parse(&tree, TREE_WORKERS, "worker05", &worker));
	cr_assert_not(lease_tree_parse(&tree, TREE_WORKERS, "worker5/x", &worker));
	cr_assert_not(lease_tree_parse(&tree, TREE_RETIRED, "dc3_worker0", &worker));
	cr_assert_not(lease_tree_parse(&nodes, TREE_WORKERS, "", &worker));
}

Test(lease_note, a_bound_is_read_as_it_was_written)
{
	struct lease_bound_note note = {.bound_ms = 123456789012,
					.epoch_ms = 1609459200000,
					.instance = "00ff",
					.unix_ms = 1764417600000},
				read;
	char value[NOTE_SIZE];
	struct text text = TEXT_OVER(value);

	lease_note_bound(&text, &note);
	cr_assert_str_eq(value, "{\"bound_ms\":\"123456789012\",\"epoch\":\"1609459200000\","
				"\"instance\":\"00ff\",\"written_at\":\"2025-11-29T12:00:00Z\"}");
	cr_assert(lease_note_read_bound(value, &read));
	cr_assert_eq(read.bound_ms, note.bound_ms);
	cr_assert_eq(read.epoch_ms, note.epoch_ms);
	cr_assert_str_eq(read.instance, "00ff");
}

Test(lease_note, a_bound_that_an_operator_edited_is_read)
{
	struct lease_bound_note read;

	cr_assert(lease_note_read_bound(" { \"note\" : \"a \\\"b\\\"\" , \"bound_ms\" : 42 }\n",
					&read));
	cr_assert_eq(read.bound_ms, 42);
	cr_assert_eq(read.epoch_ms, UINT64_MAX);
	cr_assert_str_eq(read.instance, "");
}

Test(lease_note, no_other_text_is_a_bound)
{
	static const char *const wrong[] = {
		"",
		"{}",
		"[]",
		"{",
		"null",
		"42",
		"{\"bound_ms\":\"\"}",
		"{\"bound_ms\":\"-1\"}",
		"{\"bound_ms\":\"1",
		"{\"bound_ms\":\"99999999999999999999\"}",
		"{\"bound_ms\":{}}",
		"{\"other\":[1],\"bound_ms\":1}",
		"{\"bound_ms\"}",
		"{\"bound_ms\\",
	};
	struct lease_bound_note read;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert_not(lease_note_read_bound(wrong[i], &read), "%s", wrong[i]);
}

Test(lease_note, a_worker_names_its_holder)
{
	struct lease_settings settings = {.instance = "00ff",
					  .hostname = "id-\"1\"",
					  .ip = "10.0.1.10",
					  .version = "1.0",
					  .started_at_ms = 1764417600000};
	char value[NOTE_SIZE], words[NOTE_SIZE];
	struct text text = TEXT_OVER(value), holder = TEXT_OVER(words);

	lease_note_worker(&text, &settings, 8080);
	cr_assert_str_eq(value, "{\"hostname\":\"id-\\\"1\\\"\",\"ip\":\"10.0.1.10\",\"port\":8080,"
				"\"started_at\":\"2025-11-29T12:00:00Z\",\"version\":\"1.0\","
				"\"instance\":\"00ff\"}");
	lease_note_add_holder(&holder, value);
	cr_assert_str_eq(words,
			 "id-\"1\" at 10.0.1.10, port 8080, started at 2025-11-29T12:00:00Z");
	text_clear(&holder);
	lease_note_add_holder(&holder, "1a2b3c");
	cr_assert_str_eq(words, "a server that does not name itself");
}

Test(lease_note, times_of_other_authors_are_read)
{
	uint64_t ms;

	cr_assert(lease_note_read_time("2025-11-29T12:00:00Z", &ms));
	cr_assert_eq(ms, 1764417600000);
	cr_assert(lease_note_read_time("2025-11-29T12:00:00.123456", &ms));
	cr_assert_eq(ms, 1764417600000);
	cr_assert_not(lease_note_read_time("yesterday", &ms));
	cr_assert_not(lease_note_read_time("2025-11-29", &ms));
}

Test(lease_choice, free_ids_come_first_and_held_ones_never)
{
	static struct lease_choice choice = {.workers = 6};

	choice.is_held[1] = true;
	choice.reuse_after_ms[2] = 3000;
	choice.reuse_after_ms[3] = 2000;
	choice.reuse_after_ms[4] = 500;
	for (uint64_t seed = 0; seed < 100; seed++) {
		bool seen[6] = {false};

		lease_choice_make(&choice, 1000, seed);
		cr_assert_eq(choice.count, 5);
		cr_assert_eq(choice.free_count, 3);
		for (uint32_t i = 0; i < 3; i++)
			seen[choice.order[i]] = true;
		cr_assert(seen[0] && seen[4] && seen[5]);
		cr_assert_eq(choice.order[3], 3);
		cr_assert_eq(choice.order[4], 2);
	}
}

Test(lease_choice, each_free_id_is_first_as_often_as_another)
{
	static struct lease_choice choice = {.workers = 8};
	unsigned first[8] = {0};

	for (uint64_t seed = 0; seed < 8000; seed++) {
		lease_choice_make(&choice, 1000, seed);
		first[choice.order[0]]++;
	}
	for (unsigned i = 0; i < 8; i++)
		cr_assert(first[i] > 800 && first[i] < 1200, "%u: %u", i, first[i]);
}
