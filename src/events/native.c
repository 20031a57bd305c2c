#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "events/native.h"

#define LEAST_BYTES  4096
#define VARUINT_SIZE 10

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Native is little-endian");

void
native_bytes_free(struct native_bytes *bytes)
{
	free(bytes->start);
	*bytes = (struct native_bytes){0};
}

static void
native_append(struct native_bytes *bytes, const void *from, size_t len)
{
	if (bytes->size - bytes->len < len) {
		bytes->size = 2 * bytes->size + len + LEAST_BYTES;
		bytes->start = xrealloc(bytes->start, bytes->size);
	}
	if (len > 0)
		memcpy(bytes->start + bytes->len, from, len);
	bytes->len += len;
}

/* A number in 7 bits a byte, the lowest first. */
static void
native_append_varuint(struct native_bytes *bytes, uint64_t value)
{
	uint8_t memory[VARUINT_SIZE];
	size_t len = 0;

	while (value >= 0x80) {
		memory[len++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	memory[len++] = (uint8_t)value;
	native_append(bytes, memory, len);
}

static void
native_append_text(struct native_bytes *bytes, const char *text, size_t len)
{
	native_append_varuint(bytes, len);
	native_append(bytes, text, len);
}

struct native_block *
native_block_new(const struct native_column *columns, size_t count)
{
	struct native_block *block = xcalloc(1, sizeof(*block));

	assert(count <= NATIVE_COLUMNS_MOST);
	block->columns = columns;
	block->column_count = count;
	return block;
}

void
native_block_free(struct native_block *block)
{
	if (block == NULL)
		return;
	for (size_t i = 0; i < block->column_count; i++)
		native_bytes_free(&block->values[i]);
	native_bytes_free(&block->map_keys);
	native_bytes_free(&block->map_values);
	free(block);
}

void
native_add_bytes(struct native_block *block, size_t column, const void *bytes, size_t len)
{
	native_append(&block->values[column], bytes, len);
	block->len += len;
}

#define NATIVE_ADD(name, type)                                                        \
	void native_add_##name(struct native_block *block, size_t column, type value) \
	{                                                                             \
		native_add_bytes(block, column, &value, sizeof(value));               \
	}

NATIVE_ADD(u16, uint16_t)
NATIVE_ADD(u32, uint32_t)
NATIVE_ADD(u64, uint64_t)
NATIVE_ADD(f32, float)
NATIVE_ADD(f64, double)

void
native_add_text(struct native_block *block, size_t column, const char *bytes, size_t len)
{
	native_append_text(&block->values[column], bytes, len);
	block->len += len + 1;
}

void
native_add_entry(struct native_block *block, const char *key, size_t key_len, const char *value,
		 size_t value_len)
{
	native_append_text(&block->map_keys, key, key_len);
	native_append_text(&block->map_values, value, value_len);
	block->map_entries++;
	block->len += key_len + value_len + 2;
}

void
native_end_map(struct native_block *block, size_t column)
{
	native_add_u64(block, column, block->map_entries);
}

void
native_end_row(struct native_block *block)
{
	block->rows++;
}

void
native_write(const struct native_block *block, struct native_bytes *bytes)
{
	native_append_varuint(bytes, block->column_count);
	native_append_varuint(bytes, block->rows);
	for (size_t i = 0; i < block->column_count; i++) {
		const struct native_column *column = &block->columns[i];

		native_append_text(bytes, column->name, strlen(column->name));
		native_append_text(bytes, column->type, strlen(column->type));
		native_append(bytes, block->values[i].start, block->values[i].len);
		if (strncmp(column->type, "Map(", 4) == 0) {
			native_append(bytes, block->map_keys.start, block->map_keys.len);
			native_append(bytes, block->map_values.start, block->map_values.len);
		}
	}
}
