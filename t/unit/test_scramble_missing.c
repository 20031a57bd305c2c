#include <criterion/criterion.h>

#include "ticket/scramble.h"

/* This program is linked with scramble_missing.c, also where OpenSSL is there. */
Test(scramble_missing, a_build_without_openssl_says_so)
{
	unsigned char key[SCRAMBLE_KEY_SIZE] = {0};
	char memory[200];
	struct text reason = TEXT_OVER(memory);

	cr_assert_null(scramble_new(key, &reason));
	cr_assert_not_null(strstr(memory, "without OpenSSL"), "%s", memory);
	cr_assert_not_null(strstr(memory, "--with-openssl"), "%s", memory);
	cr_assert_not(reason.is_truncated);
	scramble_free(NULL);
}
