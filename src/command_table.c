#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "command_table.h"

static const struct option options[] = {
	{"env-file", required_argument, NULL, OPTION_ENV_FILE},
	{"if-not-exists", no_argument, NULL, OPTION_IF_NOT_EXISTS},
	{"continue-after", required_argument, NULL, OPTION_CONTINUE_AFTER},
	{"layout", required_argument, NULL, OPTION_LAYOUT},
	{"sequences", no_argument, NULL, OPTION_SEQUENCES},
	{"past", required_argument, NULL, OPTION_PAST},
	{"by", required_argument, NULL, OPTION_BY},
	{"yes", no_argument, NULL, OPTION_YES},
	{"instances", no_argument, NULL, OPTION_INSTANCES},
	{"sequence", required_argument, NULL, OPTION_SEQUENCE},
	{"store", required_argument, NULL, OPTION_STORE},
	{"hour", required_argument, NULL, OPTION_HOUR},
	{"from", required_argument, NULL, OPTION_FROM},
	{"ttl", required_argument, NULL, OPTION_TTL},
	{"since", required_argument, NULL, OPTION_SINCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"list", no_argument, NULL, OPTION_LIST},
	{"start", required_argument, NULL, OPTION_START},
	{"after", required_argument, NULL, OPTION_AFTER},
	{"most", required_argument, NULL, OPTION_MOST},
	{"order", required_argument, NULL, OPTION_ORDER},
	{"width", required_argument, NULL, OPTION_WIDTH},
	{"form", required_argument, NULL, OPTION_FORM},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"variables", no_argument, NULL, OPTION_VARIABLES},
	{NULL, 0, NULL, 0},
};

#define OF_ALL BIT(OPTION_ENV_FILE)
#define OF_CREATEDB                                                                    \
	(BIT(OPTION_IF_NOT_EXISTS) | BIT(OPTION_CONTINUE_AFTER) | BIT(OPTION_LAYOUT) | \
	 BIT(OPTION_SEQUENCES) | BIT(OPTION_STORE))
#define OF_CREATE                                                                      \
	(BIT(OPTION_FROM) | BIT(OPTION_START) | BIT(OPTION_AFTER) | BIT(OPTION_MOST) | \
	 BIT(OPTION_ORDER) | BIT(OPTION_WIDTH) | BIT(OPTION_FORM) | BIT(OPTION_STORE))

static const struct command_entry commands[] = {
	{"serve", {"serve"}, .command = COMMAND_SERVE},
	{"check-config", {"check-config"}, .command = COMMAND_CHECK_CONFIG},
	{"createdb", {"createdb"}, COMMAND_CREATEDB, .takes = OF_CREATEDB},
	{"advance",
	 {"advance"},
	 COMMAND_ADVANCE,
	 .takes = BIT(OPTION_PAST) | BIT(OPTION_SEQUENCES) | BIT(OPTION_BY) | BIT(OPTION_STORE) |
		  BIT(OPTION_YES),
	 .lacks = "advance needs --past TICKET, the last ticket that may have been issued, or "
		  "--sequences"},
	{"sequence create",
	 {"sequence", "create"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_CREATE,
	 .takes = OF_CREATE,
	 .operand = "NAME",
	 .lacks = "sequence create needs the NAME of a sequence, or --from FILE"},
	{"sequence list",
	 {"sequence", "list"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_LIST,
	 .takes = BIT(OPTION_INSTANCES) | BIT(OPTION_STORE)},
	{"sequence show",
	 {"sequence", "show"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_SHOW,
	 .takes = BIT(OPTION_STORE),
	 .operand = "NAME",
	 .lacks = "sequence show needs the NAME of a sequence"},
	{"sequence advance",
	 {"sequence", "advance"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_ADVANCE,
	 .takes = BIT(OPTION_PAST) | BIT(OPTION_YES) | BIT(OPTION_STORE),
	 .needs = BIT(OPTION_PAST),
	 .operand = "NAME",
	 .lacks = "sequence advance needs the NAME of a sequence, and --past ID: the last id that "
		  "may have been issued"},
	{"sequence retire",
	 {"sequence", "retire"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_RETIRE,
	 .takes = BIT(OPTION_YES) | BIT(OPTION_STORE),
	 .operand = "NAME",
	 .lacks = "sequence retire needs the NAME of a sequence"},
	{"sequence fold",
	 {"sequence", "fold"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_FOLD,
	 .takes = BIT(OPTION_YES) | BIT(OPTION_STORE),
	 .operand = "ID",
	 .lacks = "sequence fold needs the ID of an instance, as sequence list --instances prints "
		  "it"},
	{"clickhouse create",
	 {"clickhouse", "create"},
	 COMMAND_CLICKHOUSE_CREATE,
	 .takes = BIT(OPTION_TTL)},
	{"report",
	 {"report"},
	 COMMAND_REPORT,
	 .takes = OF_REPORT,
	 .operand = "NAME",
	 .lacks = "report needs the NAME of a report, or --list"},
	{"audit find",
	 {"audit", "find"},
	 COMMAND_AUDIT_FIND,
	 .takes = BIT(OPTION_HOUR),
	 .operand = "ID",
	 .lacks = "audit find needs the ID to search for"},
	{"decode",
	 {"decode"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_DECODE,
	 .takes = BIT(OPTION_SEQUENCE) | BIT(OPTION_STORE),
	 .operand = "ID",
	 .lacks = "decode needs an ID, and --sequence NAME if it is of a named sequence"},
};

const struct option *
command_table_options(void)
{
	return options;
}

const char *
command_table_option_name(int option)
{
	const struct option *entry = options;

	while (entry->val != option)
		entry++;
	return entry->name;
}

/* Print the words that may follow FIRST. */
static void
command_table_print_words(const char *first)
{
	const char *before = "";

	fprintf(stderr, "tickrd: after %s comes one of ", first);
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strcmp(commands[i].words[0], first) != 0)
			continue;
		fprintf(stderr, "%s%s", before, commands[i].words[1]);
		before = ", ";
	}
	fputs("; see tickrd --help\n", stderr);
}

const struct command_entry *
command_table_find(size_t count, char *const *operands)
{
	const char *first = count > 0 ? operands[0] : "serve";
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		const char *second = commands[i].words[1];

		if (strcmp(commands[i].words[0], first) != 0)
			continue;
		is_known = true;
		if (second == NULL || (count > 1 && strcmp(operands[1], second) == 0))
			return &commands[i];
	}
	if (is_known)
		command_table_print_words(first);
	else
		fprintf(stderr, "tickrd: there is no command %s; see tickrd --help\n", first);
	return NULL;
}

/* Print which commands take OPTION. */
static void
command_table_refuse_option(const struct option *option)
{
	const char *before = "";

	fprintf(stderr, "tickrd: --%s goes with ", option->name);
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if ((commands[i].takes & BIT(option->val)) == 0)
			continue;
		fprintf(stderr, "%s%s", before, commands[i].name);
		before = " and ";
	}
	fputs(" only\n", stderr);
}

bool
command_table_options_fit(const struct command_entry *command, unsigned given)
{
	for (const struct option *option = options; option->name != NULL; option++) {
		bool is_of_all = option->val == OPTION_ENV_FILE || option->val > OPTION_FORM;

		if (is_of_all || (given & BIT(option->val) & ~command->takes) == 0)
			continue;
		command_table_refuse_option(option);
		return false;
	}
	if ((command->needs & ~given) == 0)
		return true;
	fprintf(stderr, "tickrd: %s\n", command->lacks);
	return false;
}
