#include <string.h>

#include <criterion/criterion.h>

#include "base/random.h"

Test(random, an_id_is_32_lower_case_hexadecimal_digits)
{
	char id[RANDOM_ID_SIZE];

	for (unsigned i = 0; i < 1000; i++) {
		cr_assert(random_id(id));
		cr_assert_eq(strlen(id), 32);
		cr_assert_eq(strspn(id, "0123456789abcdef"), 32, "%s", id);
	}
}

Test(random, no_two_ids_are_the_same)
{
	static char ids[100][RANDOM_ID_SIZE];

	for (unsigned i = 0; i < 100; i++) {
		cr_assert(random_id(ids[i]));
		for (unsigned j = 0; j < i; j++)
			cr_assert_str_neq(ids[i], ids[j]);
	}
}
