#include <string.h>

#include <criterion/criterion.h>

#include "events/verdict.h"

static enum verdict
of(unsigned status, const char *code)
{
	return verdict_of(status, code, code != NULL ? strlen(code) : 0);
}

Test(event_verdict, a_batch_is_sent_only_after_200_without_an_exception)
{
	cr_assert_eq(of(200, NULL), VERDICT_SENT);
	cr_assert_neq(of(200, "241"), VERDICT_SENT);
	cr_assert_neq(of(201, NULL), VERDICT_SENT);
	cr_assert_neq(of(301, NULL), VERDICT_SENT);
}

Test(event_verdict, a_busy_server_gets_the_batch_again)
{
	static const char *const codes[] = {"159", "202", "209", "210", "241",
					    "242", "252", "319", "425"};

	for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
		cr_assert_eq(of(500, codes[i]), VERDICT_AGAIN, "%s", codes[i]);
	cr_assert_eq(of(429, NULL), VERDICT_AGAIN);
	cr_assert_eq(of(502, NULL), VERDICT_AGAIN);
	cr_assert_eq(of(503, NULL), VERDICT_AGAIN);
}

Test(event_verdict, a_wrong_batch_is_not_sent_again)
{
	static const char *const codes[] = {"27", "33", "41", "60", "62", "81", "516", "x", ""};

	for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
		cr_assert_eq(of(500, codes[i]), VERDICT_NEVER, "%s", codes[i]);
	cr_assert_eq(of(404, NULL), VERDICT_NEVER);
	cr_assert_eq(of(401, NULL), VERDICT_NEVER);
}

static enum verdict
of_body(const char *body)
{
	return verdict_of_body(body, strlen(body));
}

Test(event_verdict, an_exception_in_the_body_of_a_success_counts)
{
	cr_assert_eq(of_body(""), VERDICT_SENT);
	cr_assert_eq(of_body("Code: 241. DB::Exception: Memory limit"), VERDICT_AGAIN);
	cr_assert_eq(of_body("\r\n__exception__\r\nCode: 60. DB::Exception: No table"),
		     VERDICT_NEVER);
	cr_assert_eq(of_body("Code: x"), VERDICT_NEVER);
	cr_assert_eq(of_body("Code: "), VERDICT_NEVER);
}

Test(event_verdict, a_success_with_a_page_is_not_from_clickhouse)
{
	cr_assert_eq(of_body("<html>log in first</html>"), VERDICT_AGAIN);
	cr_assert_eq(of_body("Ok.\n"), VERDICT_AGAIN);
}

Test(event_verdict, words_are_one_line)
{
	char memory[400], long_body[1000];
	struct text words = TEXT_OVER(memory);

	verdict_add_words("Code: 60.\nNo table.\n", 20, &words);
	cr_assert_str_eq(memory, "Code: 60. No table.");
	text_clear(&words);
	memset(long_body, 'x', sizeof(long_body));
	verdict_add_words(long_body, sizeof(long_body), &words);
	cr_assert_eq(words.len, 200);
	text_clear(&words);
	verdict_add_words("", 0, &words);
	cr_assert_str_eq(memory, "");
}
