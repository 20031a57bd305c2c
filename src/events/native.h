/*
 * native -- gathers rows of a table, and writes them as one block in ClickHouse's format Native.
 *
 * One thread at a time. A block has a fixed list of columns. Each row adds one value to each of them, in any order.
 * Text columns have the type String: ClickHouse turns them into the LowCardinality of its table.
 */
#ifndef TICKR_EVENTS_NATIVE_H
#define TICKR_EVENTS_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define NATIVE_COLUMNS_MOST 24

struct native_column {
	const char *name;
	const char *type; /* as ClickHouse writes it, such as "UInt32" */
};

/* Bytes that grow. Zeroed, they are empty. */
struct native_bytes {
	uint8_t *start;
	size_t len;
	size_t size;
};

void native_bytes_free(struct native_bytes *bytes);

struct native_block {
	const struct native_column *columns; /* outlive the block */
	size_t column_count;
	uint32_t rows;
	size_t len; /* bytes of all values */
	struct native_bytes values[NATIVE_COLUMNS_MOST];
	/* Of the one column that is a Map(String, String): its keys and values. VALUES has the ends of its rows. */
	struct native_bytes map_keys, map_values;
	uint64_t map_entries;
};

struct native_block *native_block_new(const struct native_column *columns, size_t count) MUST_CHECK;
void native_block_free(struct native_block *block); /* NULL is allowed */

/* Add a value to COLUMN. The function fits its type: the number of bits, or text. */
void native_add_u16(struct native_block *block, size_t column, uint16_t value);
void native_add_u32(struct native_block *block, size_t column, uint32_t value);
void native_add_u64(struct native_block *block, size_t column, uint64_t value); /* Int64 too */
void native_add_f32(struct native_block *block, size_t column, float value);
void native_add_f64(struct native_block *block, size_t column, double value);
void native_add_bytes(struct native_block *block, size_t column, const void *bytes, size_t len);
void native_add_text(struct native_block *block, size_t column, const char *bytes, size_t len);

/* Add an entry to the map of the present row; and end the map of the row in COLUMN. */
void native_add_entry(struct native_block *block, const char *key, size_t key_len,
		      const char *value, size_t value_len);
void native_end_map(struct native_block *block, size_t column);

/* All columns have a value of this row. */
void native_end_row(struct native_block *block);

/* Append the block to BYTES. Its rows stay. */
void native_write(const struct native_block *block, struct native_bytes *bytes);

#endif
