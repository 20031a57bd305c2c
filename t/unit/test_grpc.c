#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/buffer.h"
#include "grpc/descriptor.h"
#include "grpc/escape.h"
#include "grpc/flood.h"
#include "grpc/head.h"
#include "grpc/wire.h"

/* --- heads ------------------------------------------------------------------------------------------ */

Test(grpc, timeouts_are_read)
{
	static const struct {
		const char *value;
		uint64_t us; /* 0: malformed */
	} cases[] = {
		{"1S", 1000000},
		{"100m", 100000},
		{"99999999u", 99999999},
		{"2000n", 2},
		{"3H", 10800000000},
		{"2M", 120000000},
		{"", 0},
		{"S", 0},
		{"1", 0},
		{"100000000m", 0},
		{"-1S", 0},
		{"1s", 0},
		{"1 S", 0},
		{"1.5S", 0},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t us = 0;
		bool is_good = head_parse_timeout(cases[i].value, strlen(cases[i].value), &us);

		cr_assert_eq(is_good, cases[i].us > 0, "%s", cases[i].value);
		if (is_good)
			cr_assert_eq(us, cases[i].us, "%s", cases[i].value);
	}
}

static struct grpc_head
read_field(const char *name, const char *value)
{
	struct grpc_head head = {0};

	head_read(&head, name, strlen(name), value, strlen(value), "secret");
	return head;
}

Test(grpc, content_types_are_told_apart)
{
	cr_assert_eq(read_field("content-type", "application/grpc").type, HEAD_GRPC);
	cr_assert_eq(read_field("content-type", "application/grpc+proto").type, HEAD_GRPC);
	cr_assert_eq(read_field("content-type", "application/grpc;x=y").type, HEAD_GRPC);
	cr_assert_eq(read_field("content-type", "application/grpc+json").type, HEAD_OTHER_TYPE);
	cr_assert_eq(read_field("content-type", "application/grpc-web").type, HEAD_OTHER_TYPE);
	cr_assert_eq(read_field("content-type", "application/json").type, HEAD_OTHER_TYPE);
	cr_assert_eq(read_field("te", "trailers").type, HEAD_NO_TYPE);
}

Test(grpc, passwords_are_checked)
{
	cr_assert(read_field("authorization", "Basic eDpzZWNyZXQ=").is_authorized); /* x:secret */
	cr_assert_not(read_field("authorization", "Basic eDpzZWNyZXU=").is_authorized);
	cr_assert_not(read_field("authorization", "Bearer secret").is_authorized);
}

Test(grpc, request_ids_are_printable)
{
	struct grpc_head head = read_field("x-request-id", "a-1");

	cr_assert_str_eq(head.request_id, "a-1");
	head = read_field("x-request-id", "a b");
	cr_assert_str_empty(head.request_id);
	head = read_field("x-request-id", "01234567890123456789012345678901234567890123456789"
					  "012345678901234");
	cr_assert_str_empty(head.request_id);
}

Test(grpc, fields_beyond_the_limit_are_only_counted)
{
	struct grpc_head head = {.size = GRPC_MOST_HEAD};

	head_read(&head, "x-request-id", 12, "a-1", 3, "secret");
	cr_assert_str_empty(head.request_id);
	cr_assert_eq(head.size, GRPC_MOST_HEAD + 12 + 3 + 32);
}

/* --- floods ----------------------------------------------------------------------------------------- */

Test(grpc, resets_are_allowed_until_the_bucket_is_full)
{
	struct grpc_flood flood = {0};

	for (unsigned i = 0; i < FLOOD_RESETS; i++)
		cr_assert_not(flood_counts_reset(&flood, 1000000));
	cr_assert(flood_counts_reset(&flood, 1000000));
}

Test(grpc, resets_at_the_allowed_rate_never_end)
{
	struct grpc_flood flood = {0};

	for (uint64_t i = 0; i < 20 * FLOOD_RESETS; i++)
		cr_assert_not(
			flood_counts_reset(&flood, 1000000 + i * 1000 / FLOOD_RESETS_PER_SECOND));
}

Test(grpc, continuations_are_counted_for_each_head)
{
	struct grpc_flood flood = {0};

	for (unsigned i = 0; i < 3 * FLOOD_CONTINUATIONS; i++) {
		if (i % FLOOD_CONTINUATIONS == 0)
			flood_begin_head(&flood);
		cr_assert_not(flood_counts_continuation(&flood));
	}
	cr_assert(flood_counts_continuation(&flood));
}

/* --- bytes ------------------------------------------------------------------------------------------ */

Test(grpc, messages_are_percent_encoded)
{
	char *escaped = escape_message("100% \"a\"\n\xc3\xbc~");

	cr_assert_str_eq(escaped, "100%25 \"a\"%0A%C3%BC~");
	free(escaped);
}

Test(grpc, numbers_are_written_as_varints)
{
	unsigned char to[WIRE_NUMBER_SIZE];

	cr_assert_eq(wire_number(to, 300), 2);
	cr_assert_arr_eq(to, "\xac\x02", 2);
	cr_assert_eq(wire_number(to, INT64_MAX), 9);
	cr_assert_eq(wire_number(to, UINT64_MAX), WIRE_NUMBER_SIZE);
}

Test(grpc, strings_are_found_by_their_field)
{
	/* Field 1: 5; field 2: "ab"; field 2: "c\0d". */
	static const unsigned char message[] = "\x08\x05\x12\x02"
					       "ab\x12\x03"
					       "c\0d";

	cr_assert_eq(wire_string_len(message, sizeof(message) - 1, 2), 3);
	cr_assert_eq(wire_string_len(message, sizeof(message) - 1, 3), 0);
}

Test(grpc, malformed_messages_end)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {{"\x0a\x05"
		      "ab",
		      4},
		     {"\x08\xff", 2},
		     {"\x0b", 1},
		     {"\x00\x01", 2},
		     {"\x0d\x01\x02", 3},
		     {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}};
	struct wire_field field;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct wire wire = wire_over((const unsigned char *)cases[i].bytes, cases[i].len);

		cr_assert_not(wire_next(&wire, &field), "%zu", i);
	}
}

Test(grpc, buffers_keep_their_bytes_when_they_grow)
{
	unsigned char memory[4], expected[1000];
	struct grpc_buffer buffer = buffer_over(memory, sizeof(memory));

	for (size_t i = 0; i < sizeof(expected); i++) {
		buffer_room(&buffer, 1, memory);
		buffer.bytes[buffer.len++] = expected[i] = (unsigned char)i;
	}
	cr_assert_eq(buffer.len, sizeof(expected));
	cr_assert_arr_eq(buffer.bytes, expected, sizeof(expected));
	buffer_free(&buffer, memory);
}

/* --- descriptions ----------------------------------------------------------------------------------- */

Test(grpc, symbols_are_found_in_their_files)
{
	static const char *const known[] = {"tickr.v1.Tickets", "tickr.v1.Tickets.Create",
					    "tickr.v1.CreateTicketsRequest.count", "tickr.v1.Order",
					    "grpc.health.v1.HealthCheckResponse.ServingStatus"};
	static const char *const unknown[] = {"",
					      "tickr",
					      "tickr.v1",
					      "tickr.v1.",
					      "tickr.v1.Ticket",
					      "v1.Tickets",
					      "tickr.v1.Tickets.Create.x"};
	struct descriptor found, by_name;

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		cr_assert(descriptor_find_symbol(known[i], &found), "%s", known[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(unknown); i++)
		cr_assert_not(descriptor_find_symbol(unknown[i], &found), "%s", unknown[i]);
	cr_assert(descriptor_find_file("tickr.proto", &by_name));
	cr_assert(descriptor_find_symbol("tickr.v1.Tickets", &found));
	cr_assert_eq(found.bytes, by_name.bytes);
	cr_assert_not(descriptor_find_file("none.proto", &by_name));
}
