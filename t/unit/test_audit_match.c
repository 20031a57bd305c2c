#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "events/audit_match.h"

static bool
matches(const char *line, uint64_t id)
{
	return audit_match(line, strlen(line), id);
}

Test(audit_match, the_ids_of_a_line_are_found_and_no_others)
{
	static const char line[] = "{\"store\":\"\\\"generated_id\\\":1\",\"generated_id\":103,"
				   "\"count\":3,\"increment\":10,\"status\":200}";

	cr_assert(matches(line, 103));
	cr_assert(matches(line, 113));
	cr_assert(matches(line, 123));
	cr_assert(!matches(line, 133));
	cr_assert(!matches(line, 93));
	cr_assert(!matches(line, 104));
	cr_assert(!matches(line, 1));
	cr_assert(!matches(line, UINT64_MAX));
}

Test(audit_match, lines_without_ids_have_none)
{
	static const char *const lines[] = {
		"",
		"{}",
		"{\"generated_id\":null,\"count\":0,\"status\":503}",
		"{\"generated_id\":5,\"count\":0,\"increment\":1}",
		"{\"generated_id\":",
		"{\"generated_id\":5,\"count\":1",
		"\"generated_id\":99999999999999999999999",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
		for (uint64_t id = 0; id < 10; id++)
			cr_expect(!matches(lines[i], id), "%s", lines[i]);
}

Test(audit_match, the_largest_numbers_do_not_wrap)
{
	static const char line[] = "\"generated_id\":18446744073709551615,\"count\":18446744073709"
				   "551615,\"increment\":18446744073709551615";

	cr_assert(matches(line, UINT64_MAX));
	cr_assert(!matches(line, UINT64_MAX - 1));
}
