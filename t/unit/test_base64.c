#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "remote/base64.h"

Test(base64, both_ways)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
		{"", 0, ""},	    {"f", 1, "Zg=="},	     {"fo", 2, "Zm8="},
		{"foo", 3, "Zm9v"}, {"foob", 4, "Zm9vYg=="}, {"\0\xff\xfe", 3, "AP/+"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = base64_encode(cases[i].bytes, cases[i].len), *bytes;
		size_t len;

		cr_assert_str_eq(text, cases[i].text);
		cr_assert_eq(strlen(text), BASE64_LEN(cases[i].len));
		bytes = base64_decode(text, strlen(text), &len);
		cr_assert_eq(len, cases[i].len);
		cr_assert_eq(memcmp(bytes, cases[i].bytes, len + 1), 0, "with a NUL");
		free(text);
		free(bytes);
	}
}

Test(base64, other_text_is_refused)
{
	static const char *const texts[] = {"Zg=", "Z===", "Zm9", "Zm9-", "Z=9v", "====", "Zm\n="};
	size_t len;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_null(base64_decode(texts[i], strlen(texts[i]), &len), "%s", texts[i]);
}
