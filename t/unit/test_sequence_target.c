#include <criterion/criterion.h>
#include <string.h>

#include "http/sequence_target.h"

#define TEN	"0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

Test(sequence_target, a_name_is_1_to_128_bytes_of_utf8)
{
	static const struct {
		const char *encoded;
		const char *name; /* NULL: refused */
		const char *problem;
	} cases[] = {
		{"orders", "orders", NULL},
		{"o", "o", NULL},
		{"a%2Fb", "a/b", NULL},
		{"a.b", "a.b", NULL},
		{".", ".", NULL},
		{"..", "..", NULL},
		{"%2e%2E", "..", NULL},
		{"create", "create", NULL},
		{"a+b", "a+b", NULL},
		{"a%20b", "a b", NULL},
		{"%25", "%", NULL},
		{"%C3%BC", "\xc3\xbc", NULL},
		{"\xc3\xbc", "\xc3\xbc", NULL},
		{"u%CC%88", "u\xcc\x88", NULL},
		{HUNDRED TEN TEN "01234567", HUNDRED TEN TEN "01234567", NULL},
		{HUNDRED TEN TEN "012345678", NULL, "1 to 128 bytes, and this one has 129"},
		{HUNDRED HUNDRED HUNDRED, NULL, "1 to 128 bytes, and this one has 300"},
		{"", NULL, "1 to 128 bytes, and this one has 0"},
		{"a/b", NULL, "/ is written %2F"},
		{"/", NULL, "/ is written %2F"},
		{"%", NULL, "% itself is written %25"},
		{"50%", NULL, "% itself is written %25"},
		{"%zz", NULL, "% itself is written %25"},
		{"%FF", NULL, "not UTF-8"},
		{"%C3", NULL, "not UTF-8"},
		{"%C0%80", NULL, "not UTF-8"},
		{"%ED%A0%80", NULL, "not UTF-8"},
		{"a%00b", NULL, "control character"},
		{"%0A", NULL, "control character"},
		{"%7F", NULL, "control character"},
		{"%C2%85", NULL, "control character"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char memory[512];
		struct text problem = TEXT_OVER(memory);
		struct sequence_target_name name;
		bool is_good = sequence_target_read_name(cases[i].encoded, strlen(cases[i].encoded),
							 &name, &problem);

		cr_assert_eq(is_good, cases[i].name != NULL, "%s", cases[i].encoded);
		if (is_good) {
			cr_assert_eq(name.len, strlen(cases[i].name), "%s", cases[i].encoded);
			cr_assert_eq(memcmp(name.bytes, cases[i].name, name.len), 0, "%s",
				     cases[i].encoded);
		} else {
			cr_assert_not_null(strstr(memory, cases[i].problem), "%s: %s",
					   cases[i].encoded, memory);
			cr_assert_not(problem.is_truncated);
		}
	}
}

Test(sequence_target, a_page_has_a_first_name_and_a_limit)
{
	static const struct {
		const char *query;
		uint32_t limit; /* 0: refused */
		const char *after;
	} cases[] = {
		{NULL, 100, ""},
		{"limit=1", 1, ""},
		{"limit=1000", 1000, ""},
		{"limit=0", 0, NULL},
		{"limit=1001", 0, NULL},
		{"limit=", 0, NULL},
		{"limit=-1", 0, NULL},
		{"limit=5x", 0, NULL},
		{"limit", 100, ""},
		{"after=", 100, ""},
		{"after=orders", 100, "orders"},
		{"after=a%2Fb&limit=7", 7, "a/b"},
		{"after=a/b", 100, "a/b"},
		{"after=a+b%2B", 100, "a b+"},
		{"after=" HUNDRED HUNDRED TEN TEN TEN TEN TEN "01234", 100,
		 HUNDRED HUNDRED TEN TEN TEN TEN TEN "01234"},
		{"after=" HUNDRED HUNDRED TEN TEN TEN TEN TEN "012345", 0, NULL},
		{"after=%FF", 0, NULL},
		{"after=%0A", 0, NULL},
		{"after=%", 0, NULL},
		{"other=1", 100, ""},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char memory[512];
		struct text problem = TEXT_OVER(memory);
		struct sequence_target_name after;
		uint32_t limit;
		bool is_good = sequence_target_read_page(cases[i].query, &after, &limit, &problem);

		cr_assert_eq(is_good, cases[i].limit > 0, "%s", cases[i].query);
		cr_assert_eq(problem.len == 0, is_good, "%s", cases[i].query);
		if (!is_good)
			continue;
		cr_assert_eq(limit, cases[i].limit, "%s", cases[i].query);
		cr_assert_eq(after.len, strlen(cases[i].after), "%s", cases[i].query);
		cr_assert_eq(memcmp(after.bytes, cases[i].after, after.len), 0, "%s",
			     cases[i].query);
	}
}

Test(sequence_target, an_order_is_strong_or_weak_or_not_named)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	enum front_order order;

	cr_assert(sequence_target_read_order(NULL, &order, &problem));
	cr_assert_eq(order, FRONT_ORDER_NOT_NAMED);
	cr_assert(sequence_target_read_order("order=strong", &order, &problem));
	cr_assert_eq(order, FRONT_ORDER_STRONG);
	cr_assert(sequence_target_read_order("order=weak", &order, &problem));
	cr_assert_eq(order, FRONT_ORDER_WEAK);
	cr_assert_not(sequence_target_read_order("order=none", &order, &problem));
	cr_assert_str_eq(memory, "the order is \"none\"; it must be strong or weak");
}
