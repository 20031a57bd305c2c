#include <criterion/criterion.h>
#include <string.h>

#include "memory_kit.h"
#include "store/durable.h"
#include "store/mysql_durable.h"

static struct store_session *session;

static void
begin(void)
{
	memory_begin(&memory_store);
}

static void
end(void)
{
	memory_end(&memory_store);
}

TestSuite(durable, .init = begin, .fini = end);

Test(durable, a_warning_is_no_refusal_by_default)
{
	script.warning = "the disk is made of sand; buy one\n";
	cr_assert_eq(durable_open(&memory_store, &settings, &session, &reason), STORE_OK);
	memory_store.close(session);
}

Test(durable, require_durable_makes_a_warning_a_refusal)
{
	script.warning = "the disk is made of sand; buy one\nthe log too; buy another\n";
	settings.require_durable = true;
	cr_assert_eq(durable_open(&memory_store, &settings, &session, &reason), STORE_REFUSED);
	cr_assert_str_eq(reason_memory,
			 "refused by TICKR_REQUIRE_DURABLE: the disk is made of sand; buy "
			 "one. the log too; buy another");
	cr_assert_null(session);
	cr_assert_eq(script.opened, script.closed);
}

Test(durable, require_durable_serves_without_warnings)
{
	settings.require_durable = true;
	cr_assert_eq(durable_open(&memory_store, &settings, &session, &reason), STORE_OK);
	memory_store.close(session);
}

Test(durable, a_failed_open_keeps_its_reason)
{
	settings.require_durable = true;
	script.open_result = STORE_LOST;
	cr_assert_eq(durable_open(&memory_store, &settings, &session, &reason), STORE_LOST);
	cr_assert_str_eq(reason_memory, "the script says that opening fails");
}

Test(durable, old_servers_forget_their_counter)
{
	static const struct {
		const char *version;
		bool forgets;
	} cases[] = {
		{"5.5.62-log", true},
		{"5.7.44", true},
		{"8.0.0-dmr", false},
		{"8.0.36-0ubuntu0.22.04.1", false},
		{"9.1.0", false},
		{"5.5.68-MariaDB", true},
		{"10.1.48-MariaDB-0+deb9u2", true},
		{"10.2.3-MariaDB", true},
		{"10.2.4-MariaDB", false},
		{"10.11.6-MariaDB-0+deb12u1", false},
		{"11.4.2-MariaDB-log", false},
		{"who knows", false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		cr_assert_eq(mysql_forgets_counter(cases[i].version), cases[i].forgets, "%s",
			     cases[i].version);
}

/* The value that a server prints, and words of the warning; NULL: the value is safe. */
Test(durable, unsafe_settings_have_a_warning)
{
	static const struct {
		const char *name;
		const char *value;
		const char *warning;
	} cases[] = {
		{"innodb_flush_log_at_trx_commit", "1", NULL},
		{"innodb_flush_log_at_trx_commit", "3", NULL},
		{"innodb_flush_log_at_trx_commit", "0", "set it to 1"},
		{"innodb_flush_log_at_trx_commit", "2", "set it to 1"},
		{"innodb_flush_method", "nosync", "innodb_flush_method is nosync: "},
		{"innodb_flush_method", "littlesync", "set it to fsync or O_DIRECT"},
		{"innodb_flush_method", "fsync", NULL},
		{"innodb_flush_method", "O_DIRECT", NULL},
		{"innodb_flush_method", "O_DIRECT_NO_FSYNC", NULL},
		{"innodb_flush_method", "", NULL},
		{"innodb_doublewrite", "ON", NULL},
		{"innodb_doublewrite", "DETECT_AND_RECOVER", NULL},
		{"innodb_doublewrite", "fast", NULL},
		{"innodb_doublewrite", "OFF", "innodb_doublewrite is OFF: "},
		{"innodb_doublewrite", "DETECT_ONLY", "innodb_doublewrite is DETECT_ONLY: "},
		{"debug_no_sync", "OFF", NULL},
		{"debug_no_sync", "ON", "debug_no_sync is ON: "},
		{"Innodb_redo_log_enabled", "ON", NULL},
		{"Innodb_redo_log_enabled", "OFF", "run ALTER INSTANCE ENABLE INNODB REDO_LOG"},
		{"innodb_buffer_pool_size", "OFF", NULL},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char line[512] = "";
		struct text warnings = TEXT_OVER(line);

		mysql_judge_setting(cases[i].name, cases[i].value, &warnings);
		if (cases[i].warning == NULL)
			cr_assert_str_empty(line, "%s", cases[i].name);
		else
			cr_assert_not_null(strstr(line, cases[i].warning), "%s", cases[i].name);
	}
}
