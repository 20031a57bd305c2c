#include <criterion/criterion.h>
#include <string.h>

#include "store/shelf.h"

Test(shelf_value, is_read_as_it_was_written)
{
	struct shelf_value value = {.newest = INT64_MAX,
				    .revision = 1,
				    .raised = 2,
				    .seen = 3,
				    .start = 4,
				    .most = SEQUENCE_MOST,
				    .order = 1,
				    .form = 1,
				    .width = 53,
				    .fingerprint = UINT64_MAX,
				    .declared = 1,
				    .retired = 1},
			   read;
	char text[SHELF_VALUE_SIZE];

	shelf_value_write(&value, text);
	cr_assert(shelf_value_read(text, &read), "%s", text);
	cr_assert_eq(memcmp(&value, &read, sizeof(value)), 0, "%s", text);
	shelf_value_write(&(struct shelf_value){.newest = 17}, text);
	cr_assert_str_eq(text, "17 tickr");
}

Test(shelf_value, another_text_is_none_of_ours)
{
	static const char *const texts[] = {
		"",
		"17",
		"17 ",
		" tickr",
		"-1 tickr",
		"17 tickrs",
		"17 tickr ",
		"17 tickr raised",
		"17 tickr raised=",
		"17 tickr x=1",
		"x tickr",
		"17  tickr",
		"17 tickr raised=1x",
		"9223372036854775808 tickr",
	};
	struct shelf_value value;

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		cr_assert_not(shelf_value_read(texts[i], &value), "%s", texts[i]);
}

Test(shelf_value, a_policy_is_kept)
{
	struct sequence_policy policy = SEQUENCE_DEFAULT_POLICY, read;
	struct shelf_value value = {.newest = 5};

	policy.order = SEQUENCE_WEAK;
	policy.width = 53;
	policy.most = 99;
	shelf_value_set_policy(&value, &policy);
	read = shelf_value_policy(&value);
	cr_assert_eq(read.order, SEQUENCE_WEAK);
	cr_assert_eq(read.width, 53);
	cr_assert_eq(read.most, 99);
	cr_assert_eq(read.start, 1);
	cr_assert(read.is_declared);
	read = shelf_value_policy(&(struct shelf_value){.newest = 5});
	cr_assert_eq(read.most, SEQUENCE_MOST);
	cr_assert_not(read.is_declared);
}
