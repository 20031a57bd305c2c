#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "events/audit_name.h"

#define HOUR (1704310200 / 3600) /* of 2024-01-03T19:30:00Z */

static const struct audit_name of_worker = {
	.maker = {.has_worker = true, .datacenter = 0, .worker = 5},
	.hour = HOUR,
	.instance = "8c1f0e5a77d2b946",
	.number = 3,
};
static const struct audit_name of_node = {
	.maker = {.node = 7},
	.hour = HOUR,
	.instance = "00000000000000ff",
	.number = UINT64_MAX,
};

static const struct {
	const struct audit_name *name;
	enum audit_kind kind;
	const char *file;
} names[] = {
	{&of_worker, AUDIT_FINISHED, "dc0_worker5_20240103_19_8c1f0e5a77d2b946_3.json.gz"},
	{&of_worker, AUDIT_PART, "dc0_worker5_20240103_19_8c1f0e5a77d2b946_3.part"},
	{&of_worker, AUDIT_TORN, "dc0_worker5_20240103_19_8c1f0e5a77d2b946_3.torn"},
	{&of_node, AUDIT_JOURNAL,
	 "node7_20240103_19_00000000000000ff_18446744073709551615.journal"},
	{&of_node, AUDIT_LINES, "node7_20240103_19_00000000000000ff_18446744073709551615.lines"},
	{&of_node, AUDIT_PACKING,
	 "node7_20240103_19_00000000000000ff_18446744073709551615.packing"},
};

Test(audit_name, names_are_written_and_read_back)
{
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		char memory[AUDIT_NAME_SIZE];
		struct text text = TEXT_OVER(memory);
		struct audit_name name;
		enum audit_kind kind;

		audit_name_add(names[i].name, names[i].kind, &text);
		cr_expect_str_eq(memory, names[i].file);
		cr_assert(audit_name_read(names[i].file, &name, &kind), "%s", names[i].file);
		cr_expect_eq(kind, names[i].kind);
		cr_expect_eq(name.hour, names[i].name->hour);
		cr_expect_eq(name.number, names[i].name->number);
		cr_expect_str_eq(name.instance, names[i].name->instance);
		cr_expect(audit_maker_equals(&name.maker, &names[i].name->maker));
	}
}

Test(audit_name, the_longest_name_fits)
{
	struct audit_name name = of_node;
	char memory[AUDIT_NAME_SIZE];
	struct text text = TEXT_OVER(memory);

	name.maker.node = UINT64_MAX;
	audit_name_add(&name, AUDIT_FINISHED, &text);
	cr_assert(!text.is_truncated);
}

Test(audit_name, a_key_has_the_hour_as_folders)
{
	char memory[256];
	struct text key = TEXT_OVER(memory);

	audit_name_add_key(&of_worker, &key);
	cr_assert_str_eq(memory, "year=2024/month=01/day=03/hour=19/"
				 "dc0_worker5_20240103_19_8c1f0e5a77d2b946_3.json.gz");
}

Test(audit_name, other_files_are_not_read)
{
	static const char *const others[] = {
		"",
		"lock",
		"node7",
		"node_20240103_19_00000000000000ff_1.json.gz",
		"node7_20240103_19_00000000000000ff_1.json",
		"node7_20240103_19_00000000000000ff_1",
		"node7_20240103_1_00000000000000ff_1.part",
		"node7_20241303_19_00000000000000ff_1.part",
		"node7_20240103_25_00000000000000ff_1.part",
		"node7_20240103_19_0000000000000ff_1.part",
		"node7_20240103_19_00000000000000FF_1.part",
		"node7_20240103_19_00000000000000ff_.part",
		"node7_20240103_19_00000000000000ff_18446744073709551616.part",
		"dc0_20240103_19_00000000000000ff_1.part",
		"dc0_worker70000_20240103_19_00000000000000ff_1.part",
		"node7_20240103_19_00000000000000ff_1.part.old",
	};
	struct audit_name name;
	enum audit_kind kind;

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		cr_expect(!audit_name_read(others[i], &name, &kind), "%s", others[i]);
}

Test(audit_name, makers_differ_by_what_counts)
{
	struct audit_maker node = {.node = 1}, other_node = {.node = 2};
	struct audit_maker worker = {true, 1, 0, 5}, other_worker = {true, 1, 1, 5};

	cr_assert(!audit_maker_equals(&node, &other_node));
	cr_assert(!audit_maker_equals(&node, &worker));
	cr_assert(!audit_maker_equals(&worker, &other_worker));
	other_worker.datacenter = 0;
	other_worker.node = 9;
	cr_assert(audit_maker_equals(&worker, &other_worker));
}

Test(audit_name, hours_are_in_utc)
{
	uint64_t hour;

	cr_assert(audit_name_parse_hour("2024-01-03T19", &hour));
	cr_assert_eq(hour, HOUR);
	cr_assert(!audit_name_parse_hour("2024-01-03", &hour));
	cr_assert(!audit_name_parse_hour("2024-01-03T24", &hour));
	cr_assert(!audit_name_parse_hour("2024-01-03T1x", &hour));
}
