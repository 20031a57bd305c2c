#include <criterion/criterion.h>
#include <string.h>

#include "ticket/status.h"

Test(status, every_status_has_a_word_of_its_own)
{
	for (int i = 0; i < TICKET_STATUSES; i++) {
		const char *name = ticket_status_name((enum ticket_status)i);

		cr_assert_not_null(name);
		cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(name, ticket_status_name((enum ticket_status)j));
	}
}
