#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "remote/clickhouse_url.h"

Test(clickhouse_url, addresses_have_an_endpoint_and_a_database)
{
	static const struct {
		const char *text, *endpoint, *database;
	} cases[] = {
		{"http://h/d", "http://h", "d"},
		{"http://stats.example:8123/tickr", "http://stats.example:8123", "tickr"},
		{"https://[::1]:8443/tickr_2/", "https://[::1]:8443", "tickr_2"},
		{"http://127.0.0.1:1/"
		 "0123456789012345678901234567890123456789012345678901234567890123",
		 "http://127.0.0.1:1",
		 "0123456789012345678901234567890123456789012345678901234567890123"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct clickhouse_url url;
		const char *mistake = clickhouse_url_parse(cases[i].text, &url);

		cr_assert_null(mistake, "%s: %s", cases[i].text, mistake);
		cr_assert_str_eq(url.endpoint, cases[i].endpoint);
		cr_assert_str_eq(url.database, cases[i].database);
	}
}

Test(clickhouse_url, mistakes_have_words)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", "http://"},
		{"h:8123/tickr", "http://"},
		{"tcp://h:9000/tickr", "http://"},
		{"http://", "host is missing"},
		{"http:///tickr", "host is missing"},
		{"http://h:8123", "database is missing"},
		{"http://h:8123/", "database is missing"},
		{"http://h:8123?database=tickr", "database is missing"},
		{"http://h:0/tickr", "port"},
		{"http://u:p@h/tickr", "settings of their own"},
		{"http://h/tickr?x=1", "nothing after"},
		{"http://h/a/b", "nothing after"},
		{"http://h/a`b", "letters"},
		{"http://h/a%20b", "letters"},
		{"http://h/01234567890123456789012345678901234567890123456789012345678901234",
		 "1 to 64"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct clickhouse_url url;
		const char *mistake = clickhouse_url_parse(cases[i].text, &url);

		cr_assert_not_null(mistake, "%s is allowed", cases[i].text);
		cr_assert_not_null(strstr(mistake, cases[i].words), "%s: %s", cases[i].text,
				   mistake);
	}
}

Test(clickhouse_url, long_hosts_are_refused)
{
	char text[1024] = "http://";
	struct clickhouse_url url;

	memset(text + 7, 'h', 600);
	strcpy(text + 607, "/tickr");
	cr_assert_not_null(clickhouse_url_parse(text, &url));
}
