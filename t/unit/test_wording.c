#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "store/wording.h"

/* A reason of a database, and what the operator of a store reads. */
static const struct {
	const char *type, *words, *worded;
} cases[] = {
	{"mysql", "", ""},
	{"mysql", "the disk is full", "the disk is full"},
	{"mysql", "run tickrd createdb, or fix TICKR_DATABASE_NAME",
	 "run tickrd createdb --store shop, or fix dataBaseName"},
	{"mysql", "run tickrd createdb --sequences, or wait",
	 "run tickrd createdb --store shop, or wait"},
	{"mysql", "check TICKR_DATABASE_USERNAME and TICKR_DATABASE_PASSWORD",
	 "check userName and password"},
	{"mysql", "TICKR_DATABASE_SSL_CA=/ca.pem", "sslCa=/ca.pem"},
	{"sqlite", "Run tickrd createdb only if TICKR_DATABASE_NAME is new",
	 "Run tickrd createdb --store shop only if file is new"},
	{"sqlite", "TICKR_DATABASE_HOST", "TICKR_DATABASE_HOST"}, /* it has no such property */
};

Test(wording, reasons_name_properties_and_the_store)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char memory[256];
		struct text text = TEXT_OVER(memory);

		wording_add(store_type_find(cases[i].type), "shop", cases[i].words, &text);
		cr_assert_str_eq(memory, cases[i].worded);
	}
}

Test(wording, without_a_store_the_commands_stay)
{
	char memory[256];
	struct text text = TEXT_OVER(memory);

	wording_add(store_type_find("mysql"), NULL, "run tickrd createdb: TICKR_DATABASE_NAME",
		    &text);
	cr_assert_str_eq(memory, "run tickrd createdb: dataBaseName");
}

/* --- opening ----------------------------------------------------------------------------------------- */

static enum store_result
refuse(const struct store_settings *settings, struct store_session **session, struct text *reason)
{
	(void)settings, (void)session;
	text_add(reason, "run tickrd createdb --sequences");
	return STORE_REFUSED;
}

Test(wording, only_a_store_of_the_file_has_other_words)
{
	const struct store store = {.open = refuse};
	struct store_settings settings = {.name = "db"};
	struct store_session *session = NULL;
	char memory[256];
	struct text reason = TEXT_OVER(memory);

	cr_assert_eq(wording_open(&store, &settings, &session, &reason), STORE_REFUSED);
	cr_assert_str_eq(memory, "run tickrd createdb --sequences");
	text_clear(&reason);
	settings.sequencer = "shop";
	settings.type = store_type_find("mysql");
	cr_assert_eq(wording_open(&store, &settings, &session, &reason), STORE_REFUSED);
	cr_assert_str_eq(memory, "run tickrd createdb --store shop");
}
