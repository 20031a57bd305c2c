#include <criterion/criterion.h>
#include <string.h>

#include "ticket/sequence.h"
#include "ticket/sequence_name.h"

static bool
is_valid(const char *name, size_t len, size_t most, char message[200])
{
	struct text reason = text_over(message, 200);
	bool answer = sequence_name_is_valid(name, len, most, &reason);

	cr_assert_eq(answer, message[0] == '\0', "there is a reason exactly if it is refused");
	return answer;
}

Test(sequence_name, names_are_utf_8_without_control_characters)
{
	static const struct {
		const char *name;
		const char *refused; /* a word of the reason; NULL: it is a name */
	} cases[] = {
		{"a", NULL},
		{"orders/2024 \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL},
		{" ", NULL},
		{"%00", NULL},
		{"\xc2\xa0", NULL}, /* a no-break space is no control character */
		{"", "1 to 128 bytes"},
		{"a\nb", "byte 2 of the name of the sequence is a control"},
		{"\x1f", "control"},
		{"a\x7f", "control"},
		{"\xc2\x80", "control"},
		{"\xc2\x9f", "control"},
		{"\xff", "UTF-8"},
		{"a\xc3", "UTF-8"},
		{"\xe2\x82", "UTF-8"},
		{"\xf0\x9f\x98", "UTF-8"},
		{"\xc0\x80", "UTF-8"},
		{"\xed\xa0\x80", "UTF-8"},
		{"\xf4\x90\x80\x80", "UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char message[200] = "";
		bool answer = is_valid(cases[i].name, strlen(cases[i].name),
				       SEQUENCE_NAME_MOST_ASKED, message);

		cr_expect_eq(answer, cases[i].refused == NULL, "case %zu: %s", i, message);
		if (cases[i].refused != NULL) {
			cr_expect_not_null(strstr(message, cases[i].refused), "case %zu: %s", i,
					   message);
		}
	}
}

Test(sequence_name, a_nul_is_a_control_character)
{
	char message[200] = "";

	cr_assert_not(is_valid("a\0b", 3, SEQUENCE_NAME_MOST_ASKED, message));
}

/* The letter at the end is cut. The bytes after it would complete it. */
Test(sequence_name, nothing_after_its_length_is_read)
{
	char message[200] = "";

	cr_assert_not(is_valid("a\xc3\xa4", 2, SEQUENCE_NAME_MOST_ASKED, message));
	cr_assert(is_valid("a\xff", 1, SEQUENCE_NAME_MOST_ASKED, message));
}

Test(sequence_name, the_longest_names_are_128_bytes_in_a_request_and_255_in_a_store)
{
	char name[SEQUENCE_NAME_MOST + 1], message[200] = "";

	memset(name, 'n', sizeof(name));
	cr_assert(is_valid(name, 128, SEQUENCE_NAME_MOST_ASKED, message));
	cr_assert(is_valid(name, 255, SEQUENCE_NAME_MOST, message));
	cr_assert_not(is_valid(name, 129, SEQUENCE_NAME_MOST_ASKED, message));
	cr_assert_not_null(strstr(message, "129"), "%s", message);
	message[0] = '\0';
	cr_assert_not(is_valid(name, 256, SEQUENCE_NAME_MOST, message));
}
