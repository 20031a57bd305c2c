#include <string.h>

#include <criterion/criterion.h>

#include "events/rows.h"

static bool
has(const struct native_bytes *bytes, const void *part, size_t len)
{
	return memmem(bytes->start, bytes->len, part, len) != NULL;
}

#define HAS(bytes, string) has(bytes, string, sizeof(string) - 1)

Test(event_rows, a_block_of_native_has_its_columns_and_rows)
{
	static const struct native_column columns[] = {{"n", "UInt16"}, {"s", "String"}};
	struct native_block *block = native_block_new(columns, 2);
	struct native_bytes bytes = {0};
	static const char wanted[] = "\2\2"
				     "\1n\6UInt16\1\0\2\1"
				     "\1s\6String\2ab\0";

	native_add_u16(block, 0, 1);
	native_add_text(block, 1, "ab", 2);
	native_end_row(block);
	native_add_u16(block, 0, 258);
	native_add_text(block, 1, "", 0);
	native_end_row(block);
	native_write(block, &bytes);
	cr_assert_eq(bytes.len, sizeof(wanted) - 1);
	cr_assert_arr_eq(bytes.start, wanted, bytes.len);
	native_bytes_free(&bytes);
	native_block_free(block);
}

Test(event_rows, long_texts_have_a_long_length)
{
	static const struct native_column columns[] = {{"s", "String"}};
	struct native_block *block = native_block_new(columns, 1);
	struct native_bytes bytes = {0};
	char text[300];

	memset(text, 'x', sizeof(text));
	native_add_text(block, 0, text, sizeof(text));
	native_end_row(block);
	native_write(block, &bytes);
	cr_assert(HAS(&bytes, "\6String\254\2xxx"));
	native_bytes_free(&bytes);
	native_block_free(block);
}

Test(event_rows, each_kind_of_event_has_a_table_and_all_its_columns)
{
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
		struct event_record record;
		struct native_block *block;

		event_record_begin(&record, (enum event_kind)kind, 1000);
		block = rows_new(rows_table_of(&record));
		rows_add(block, &record, "host-1");
		cr_assert_eq(block->rows, 1);
		for (size_t i = 0; i < block->column_count; i++)
			cr_assert_gt(block->values[i].len, 0, "kind %u, column %s", kind,
				     block->columns[i].name);
		native_block_free(block);
	}
}

Test(event_rows, the_columns_are_listed)
{
	char memory[1000];
	struct text text = TEXT_OVER(memory);

	rows_add_columns(ROWS_METRICS, &text);
	cr_assert_str_eq(memory, "(timestamp,datacenter_id,worker_id,node,instance,metric_name,"
				 "metric_value,tags)");
	for (unsigned i = 0; i < ROWS_TABLES; i++)
		cr_assert_gt(strlen(rows_table_name((enum rows_table)i)), 5);
}

Test(event_rows, metrics_become_rows_with_their_labels)
{
	struct native_block *block = rows_new(ROWS_METRICS);
	struct native_bytes bytes = {0};

	rows_add_metrics(block,
			 "# HELP a b\n# TYPE a counter\na 5\n"
			 "b{x=\"1,}\",y=\"2\\\"\"} 7.5\n"
			 "c_bucket{le=\"1\"} 3\nc_sum 4\n",
			 1704310200123, 3, "host-1");
	cr_assert_eq(block->rows, 3);
	cr_assert_eq(block->map_entries, 2);
	native_write(block, &bytes);
	cr_assert(HAS(&bytes, "\6String\1a\1b\5c_sum"));
	cr_assert(HAS(&bytes, "\1x\1y\0031,}\0032\\\""));
	native_bytes_free(&bytes);
	native_block_free(block);
}
