#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "config/config.h"
#include "config/key_table.h"

Test(key_table, the_nearest_variable_is_the_one_that_was_meant)
{
	static const struct {
		const char *name;
		const char *nearest;
	} cases[] = {
		{"TICKR_MAX_NODES", "TICKR_MAX_NODES"},
		{"TICKR_MAX_NODE", "TICKR_MAX_NODES"},
		{"TICKR_NODE_NUM", "TICKR_NODE_NUMBER"},
		{"TICKR_DATABASE_PASWORD", "TICKR_DATABASE_PASSWORD"},
		{"TICKR_DATABASE_PASSWORDFILE", "TICKR_DATABASE_PASSWORD_FILE"},
		{"TICKR_HTTP_PASSWORD", "TICKR_HTTP_AUTH_PASSWORD"},
		{"TICKR_LISTENS", "TICKR_LISTEN"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		cr_assert_str_eq(key_nearest(cases[i].name)->variable, cases[i].nearest, "%s: %s",
				 cases[i].name, key_nearest(cases[i].name)->variable);
}

Test(key_table, any_name_has_a_nearest_however_long)
{
	char name[4096];

	cr_assert_not_null(key_nearest(""));
	memset(name, 'X', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	cr_assert_not_null(key_nearest(name));
}

Test(key_table, every_variable_is_described)
{
	for (size_t i = 0; i < key_count; i++) {
		char memory[512];
		struct text text = TEXT_OVER(memory);

		key_describe(&key_table[i], &text);
		cr_assert_gt(text.len, 0, "%s", key_table[i].variable);
		cr_assert_not(text.is_truncated, "%s", key_table[i].variable);
		cr_assert_str_not_empty(key_table[i].help, "%s", key_table[i].variable);
	}
}

Test(key_table, variables_and_fields_are_named_once)
{
	for (size_t i = 0; i < key_count; i++)
		for (size_t j = 0; j < i; j++) {
			cr_assert_str_neq(key_table[i].variable, key_table[j].variable);
			cr_assert(key_table[i].is_of_store || key_table[j].is_of_store ||
					  key_table[i].offset != key_table[j].offset,
				  "%s", key_table[i].variable);
		}
}

/* Return the text that PRINT writes. The caller frees it. */
static char *
printed(void (*print)(FILE *to))
{
	char *page;
	size_t len;
	FILE *to = open_memstream(&page, &len);

	print(to);
	fclose(to);
	return page;
}

Test(key_table, help_and_list_name_every_variable)
{
	char *help = printed(config_print_help);
	char *list = printed(config_print_variables);
	size_t lines = 0;

	for (size_t i = 0; i < key_count; i++) {
		cr_assert_not_null(strstr(help, key_table[i].variable));
		cr_assert_not_null(strstr(list, key_table[i].variable));
	}
	for (const char *line = list; *line != '\0'; line = strchr(line, '\n') + 1) {
		unsigned tabs = 0;

		for (const char *c = line; *c != '\n'; c++)
			tabs += *c == '\t';
		cr_assert_eq(tabs, 3);
		lines++;
	}
	cr_assert_eq(lines, key_count);
	free(help);
	free(list);
}
