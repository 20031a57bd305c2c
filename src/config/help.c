#include <ctype.h>
#include <stdio.h>

#include "config/config.h"
#include "config/key_table.h"

#define ALLOWED_SIZE 512

static const char *
help_default(const struct key *key)
{
	if (key->fallback == NULL)
		return "required";
	return key->fallback[0] != '\0' ? key->fallback : "none";
}

void
config_print_help(FILE *to)
{
	for (size_t i = 0; i < key_count; i++) {
		const struct key *key = &key_table[i];
		char memory[ALLOWED_SIZE];
		struct text allowed = TEXT_OVER(memory);

		key_describe(key, &allowed);
		fprintf(to, "  %s (%s%s)\n      %c%s.\n      Allowed: %s.\n", key->variable,
			key->fallback != NULL ? "default: " : "", help_default(key),
			toupper((unsigned char)key->help[0]), key->help + 1, memory);
	}
}

void
config_print_variables(FILE *to)
{
	for (size_t i = 0; i < key_count; i++) {
		char memory[ALLOWED_SIZE];
		struct text allowed = TEXT_OVER(memory);

		key_describe(&key_table[i], &allowed);
		fprintf(to, "%s\t%s\t%s\t%s\n", key_table[i].variable, help_default(&key_table[i]),
			memory, key_table[i].help);
	}
}
