#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "command_line.h"
#include "config/config.h"
#include "ticket/sequence.h"
#include "ticket/space.h"

static const struct {
	const char *name;
	enum store_layout layout;
} layouts[] = {
	{"append", STORE_LAYOUT_APPEND},
	{"counter", STORE_LAYOUT_COUNTER},
};

enum option_code {
	OPTION_ENV_FILE = 1,
	OPTION_VARIABLES,
	OPTION_IF_NOT_EXISTS,
	OPTION_CONTINUE_AFTER,
	OPTION_LAYOUT,
	OPTION_SEQUENCES,
	OPTION_PAST,
	OPTION_BY,
	OPTION_YES,
	OPTION_INSTANCES,
	OPTION_SEQUENCE,
	OPTION_HOUR,
	OPTION_FROM,
	OPTION_TTL,
	OPTION_SINCE,
	OPTION_FORMAT,
	OPTION_LIST,
	OPTION_START, /* the first of sequence_wish_set() */
	OPTION_AFTER,
	OPTION_MOST,
	OPTION_ORDER,
	OPTION_WIDTH,
	OPTION_FORM,
};

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

#define BIT(option) (1u << (option))
#define OF_ALL	    BIT(OPTION_ENV_FILE)
#define OF_CREATEDB                                                                    \
	(BIT(OPTION_IF_NOT_EXISTS) | BIT(OPTION_CONTINUE_AFTER) | BIT(OPTION_LAYOUT) | \
	 BIT(OPTION_SEQUENCES))
#define OF_REPORT (BIT(OPTION_SINCE) | BIT(OPTION_BY) | BIT(OPTION_FORMAT) | BIT(OPTION_LIST))
#define OF_CREATE                                                                      \
	(BIT(OPTION_FROM) | BIT(OPTION_START) | BIT(OPTION_AFTER) | BIT(OPTION_MOST) | \
	 BIT(OPTION_ORDER) | BIT(OPTION_WIDTH) | BIT(OPTION_FORM))

/* A command, its words, and what follows them. */
static const struct command_entry {
	const char *name;     /* as an error shows it */
	const char *words[2]; /* NULL: there is no second one */
	enum command command;
	enum sequence_task task;
	unsigned takes;	     /* options */
	unsigned needs;	     /* options that must be there */
	const char *operand; /* NULL: none */
	const char *lacks;   /* the error if an option or the operand is missing */
} commands[] = {
	{"serve", {"serve"}, .command = COMMAND_SERVE},
	{"check-config", {"check-config"}, .command = COMMAND_CHECK_CONFIG},
	{"createdb", {"createdb"}, COMMAND_CREATEDB, .takes = OF_CREATEDB},
	{"advance",
	 {"advance"},
	 COMMAND_ADVANCE,
	 .takes = BIT(OPTION_PAST) | BIT(OPTION_SEQUENCES) | BIT(OPTION_BY) | BIT(OPTION_YES),
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
	 .takes = BIT(OPTION_INSTANCES)},
	{"sequence show",
	 {"sequence", "show"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_SHOW,
	 .operand = "NAME",
	 .lacks = "sequence show needs the NAME of a sequence"},
	{"sequence advance",
	 {"sequence", "advance"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_ADVANCE,
	 .takes = BIT(OPTION_PAST) | BIT(OPTION_YES),
	 .needs = BIT(OPTION_PAST),
	 .operand = "NAME",
	 .lacks = "sequence advance needs the NAME of a sequence, and --past ID: the last id that "
		  "may have been issued"},
	{"sequence retire",
	 {"sequence", "retire"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_RETIRE,
	 .takes = BIT(OPTION_YES),
	 .operand = "NAME",
	 .lacks = "sequence retire needs the NAME of a sequence"},
	{"sequence fold",
	 {"sequence", "fold"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_FOLD,
	 .takes = BIT(OPTION_YES),
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
	 .lacks = "audit find needs the ID that it looks for"},
	{"decode",
	 {"decode"},
	 COMMAND_SEQUENCE,
	 SEQUENCE_DECODE,
	 .takes = BIT(OPTION_SEQUENCE),
	 .operand = "ID",
	 .lacks = "decode needs an ID, and --sequence NAME if it is of a named sequence"},
};

/* --- options ------------------------------------------------------------------------------------- */

static bool
command_line_take_ticket(struct command_line *line, const char *option, const char *ticket)
{
	if (parse_number(ticket, strlen(ticket), SPACE_LAST_TICKET, &line->last_ticket))
		return true;
	fprintf(stderr,
		"tickrd: %s takes a ticket or an id, a whole number from 0 to "
		"9223372036854775807, not %s\n",
		option, ticket);
	return false;
}

static bool
command_line_take_distance(struct command_line *line, const char *distance)
{
	if (parse_number(distance, strlen(distance), SEQUENCE_MOST_JUMP, &line->raise_by) &&
	    line->raise_by > 0)
		return true;
	fprintf(stderr, "tickrd: --by takes a whole number from 1 to 9007199254740992, not %s\n",
		distance);
	return false;
}

static bool
command_line_take_layout(struct command_line *line, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
		if (strcmp(layouts[i].name, name) == 0) {
			line->layout = layouts[i].layout;
			return true;
		}
	}
	fprintf(stderr, "tickrd: --layout takes append or counter, not %s\n", name);
	return false;
}

static bool
command_line_take_env_file(struct command_line *line, const char *path)
{
	if (line->env_file != NULL) {
		fprintf(stderr, "tickrd: --env-file is given twice: put all variables into one "
				"file\n");
		return false;
	}
	line->env_file = path;
	return true;
}

/* Take an option of a sequence that sequence create makes. */
static bool
command_line_take_wish(struct command_line *line, int option)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	const struct option *entry = options;

	while (entry->val != option)
		entry++;
	if (sequence_wish_set(&line->sequence.request.wish, entry->name, optarg, &problem))
		return true;
	fprintf(stderr, "tickrd: --%s\n", memory);
	return false;
}

static bool
command_line_take_option(struct command_line *line, int option)
{
	switch (option) {
	case OPTION_ENV_FILE: return command_line_take_env_file(line, optarg);
	case OPTION_IF_NOT_EXISTS: line->if_not_exists = true; return true;
	case OPTION_CONTINUE_AFTER:
		line->has_continue_after = true;
		return command_line_take_ticket(line, "--continue-after", optarg);
	case OPTION_LAYOUT: return command_line_take_layout(line, optarg);
	case OPTION_SEQUENCES: line->with_sequences = true; return true;
	case OPTION_PAST:
		if (!command_line_take_ticket(line, "--past", optarg))
			return false;
		line->sequence.request.id = line->last_ticket;
		return true;
	case OPTION_BY: line->by = optarg; return true;
	case OPTION_YES:
		line->is_confirmed = true;
		line->sequence.is_confirmed = true;
		return true;
	case OPTION_INSTANCES: return true;
	case OPTION_SEQUENCE: line->sequence_name = optarg; return true;
	case OPTION_HOUR: line->audit.hour = optarg; return true;
	case OPTION_FROM: line->sequence.from = optarg; return true;
	case OPTION_TTL: return clickhouse_create_take_ttl(&line->clickhouse_create, optarg);
	case OPTION_SINCE: return report_command_take_since(&line->report, optarg);
	case OPTION_FORMAT: return report_command_take_format(&line->report, optarg);
	case OPTION_LIST: return true;
	case 'h': line->command = COMMAND_HELP; return true;
	case 'V': line->command = COMMAND_VERSION; return true;
	case OPTION_VARIABLES: line->command = COMMAND_VARIABLES; return true;
	case '?': /* getopt has printed the mistake */
		fprintf(stderr, "tickrd: see tickrd --help\n");
		return false;
	default: return command_line_take_wish(line, option);
	}
}

/* --- commands ------------------------------------------------------------------------------------ */

/* Print the words that may follow FIRST. */
static void
command_line_print_words(const char *first)
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

/* Find the command that COUNT OPERANDS begin with. NULL: the mistake was printed. */
static const struct command_entry *
command_line_find(size_t count, char *const *operands)
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
		command_line_print_words(first);
	else
		fprintf(stderr, "tickrd: there is no command %s; see tickrd --help\n", first);
	return NULL;
}

/* Print which commands take OPTION. */
static void
command_line_refuse_option(const struct option *option)
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

/* Check whether COMMAND takes the options GIVEN, and has those that it needs. */
static bool
command_line_options_fit(const struct command_entry *command, unsigned given)
{
	for (const struct option *option = options; option->name != NULL; option++) {
		bool is_of_all = option->val == OPTION_ENV_FILE || option->val > OPTION_FORM;

		if (is_of_all || (given & BIT(option->val) & ~command->takes) == 0)
			continue;
		command_line_refuse_option(option);
		return false;
	}
	if ((command->needs & ~given) == 0)
		return true;
	fprintf(stderr, "tickrd: %s\n", command->lacks);
	return false;
}

/* Check the options of tickrd advance, which moves the tickets or the named sequences. */
static bool
command_line_advance_fits(const struct command_entry *command, unsigned given)
{
	bool has_past = (given & BIT(OPTION_PAST)) != 0;
	bool has_sequences = (given & BIT(OPTION_SEQUENCES)) != 0;
	const char *problem = NULL;

	if (command->command != COMMAND_ADVANCE)
		return true;
	if (!has_past && !has_sequences)
		problem = command->lacks;
	else if (has_past && has_sequences)
		problem = "advance takes --past or --sequences, not both";
	else if (has_past && (given & BIT(OPTION_BY)) != 0)
		problem = "--by goes with advance --sequences only";
	if (problem != NULL)
		fprintf(stderr, "tickrd: %s\n", problem);
	return problem == NULL;
}

/* Take the operand of a command on sequences; NULL: there is none. */
static bool
command_line_take_operand(struct command_line *line, const struct command_entry *command,
			  const char *operand)
{
	struct sequence_request *request = &line->sequence.request;
	const char *name = command->task == SEQUENCE_DECODE ? line->sequence_name : operand;
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	bool is_good;

	request->task = command->task;
	if ((operand != NULL) == (command->operand == NULL || line->sequence.from != NULL)) {
		fprintf(stderr, "tickrd: %s%s\n", operand != NULL ? "remove " : "",
			operand != NULL ? operand : command->lacks);
		return false;
	}
	if (operand == NULL)
		return true;
	if (name == NULL) {
		line->command = COMMAND_DECODE;
		return command_line_take_ticket(line, "decode", operand);
	}
	is_good = sequence_request_set_name(request, name, strlen(name), &problem) &&
		  (command->task != SEQUENCE_DECODE ||
		   sequence_request_set(request, "id", operand, &problem));
	if (!is_good)
		fprintf(stderr, "tickrd: %s\n", memory);
	return is_good;
}

/* Take the name of a report and its options. OPERAND is NULL if there is none. */
static bool
command_line_take_report(struct command_line *line, const struct command_entry *command,
			 unsigned given, const char *operand)
{
	bool is_list = (given & BIT(OPTION_LIST)) != 0;

	if (is_list && (operand != NULL || (given & OF_REPORT) != BIT(OPTION_LIST))) {
		fputs("tickrd: report --list takes nothing else\n", stderr);
		return false;
	}
	if (is_list) {
		line->command = COMMAND_REPORT_LIST;
		return true;
	}
	if (operand == NULL) {
		fprintf(stderr, "tickrd: %s\n", command->lacks);
		return false;
	}
	line->report.name = operand;
	if (line->by != NULL && !report_command_take_by(&line->report, line->by))
		return false;
	return report_command_fits(&line->report);
}

/* Take the id of tickrd audit find; NULL: there is none. */
static bool
command_line_take_id(struct command_line *line, const struct command_entry *command,
		     const char *operand)
{
	if (operand == NULL) {
		fprintf(stderr, "tickrd: %s\n", command->lacks);
		return false;
	}
	if (parse_number(operand, strlen(operand), UINT64_MAX, &line->audit.id))
		return true;
	fprintf(stderr, "tickrd: audit find takes an id, a whole number, not %s\n", operand);
	return false;
}

bool
command_line_parse(struct command_line *line, int count, char **arguments)
{
	const struct command_entry *command;
	const char *operand;
	unsigned given = 0;
	size_t left, words;
	int option;

	*line = (struct command_line){.command = COMMAND_SERVE};
	while ((option = getopt_long(count, arguments, "hV", options, NULL)) != -1) {
		if (!command_line_take_option(line, option))
			return false;
		given |= option <= OPTION_FORM ? BIT(option) : 0;
	}
	if (line->command != COMMAND_SERVE)
		return true; /* --help, --version and --variables win over a command */
	left = (size_t)(count - optind);
	command = command_line_find(left, arguments + optind);
	if (command == NULL)
		return false;
	line->command = command->command;
	words = left == 0 ? 0 : 1u + (command->words[1] != NULL);
	if (left > words + (command->operand != NULL)) {
		fprintf(stderr, "tickrd: there is more than one command: remove %s\n",
			arguments[optind + (int)(words + (command->operand != NULL))]);
		return false;
	}
	if (!command_line_options_fit(command, given) || !command_line_advance_fits(command, given))
		return false;
	operand = left > words ? arguments[optind + (int)words] : NULL;
	if (line->command == COMMAND_REPORT)
		return command_line_take_report(line, command, given, operand);
	if (line->by != NULL && !command_line_take_distance(line, line->by))
		return false;
	if (line->command == COMMAND_AUDIT_FIND)
		return command_line_take_id(line, command, operand);
	if (line->command != COMMAND_SEQUENCE)
		return true;
	if (!command_line_take_operand(line, command, operand))
		return false;
	if (given & BIT(OPTION_INSTANCES))
		line->sequence.request.task = SEQUENCE_INSTANCES;
	return true;
}

void
command_line_print_help(void)
{
	puts("tickrd: issues unique 64-bit ids, called tickets, over HTTP\n"
	     "\n"
	     "Commands:\n"
	     "  tickrd                          serve, in the foreground\n"
	     "  tickrd check-config             read the settings, and print each mistake in them\n"
	     "  tickrd createdb                 create the database, its table and its pinned "
	     "settings\n"
	     "         --if-not-exists          exit with 0 if nothing is missing\n"
	     "         --continue-after TICKET  start a new counter above TICKET\n"
	     "         --layout LAYOUT          build a new table as append (the default) or "
	     "counter: "
	     "one row,\n"
	     "                                  for a database that is one master\n"
	     "         --sequences              add the table of named sequences to a database "
	     "that is there\n"
	     "  tickrd advance --past TICKET    ask, then move the counter forward past TICKET\n"
	     "         --sequences              end the refusal of the named sequences instead\n"
	     "         --by NUMBER              raise each of them by NUMBER, too\n"
	     "         --yes                    do not ask\n"
	     "  tickrd sequence create NAME     make a named sequence, or change its policy\n"
	     "         --start ID, --after ID   the first id, or the last id before it\n"
	     "         --most ID                the last id\n"
	     "         --order ORDER            strong (the default) or weak\n"
	     "         --width BITS             of an id: 63 (the default) or 53\n"
	     "         --form FORM              plain (the default) or scrambled\n"
	     "         --from FILE              make one for each line: a name, and options after "
	     "tabs\n"
	     "  tickrd sequence list            print all named sequences\n"
	     "         --instances              print the servers that the database knows\n"
	     "  tickrd sequence show NAME       print one\n"
	     "  tickrd sequence advance NAME --past ID\n"
	     "                                  ask, then move it forward past ID\n"
	     "  tickrd sequence retire NAME     ask, then refuse the name for ever\n"
	     "  tickrd sequence fold ID         ask, then remove the row of a server that is gone\n"
	     "         --yes                    do not ask\n"
	     "  tickrd decode ID                print the node and base of a ticket, or the parts "
	     "of a "
	     "Snowflake id\n"
	     "         --sequence NAME          print the number of a named sequence that became "
	     "ID\n"
	     "  tickrd audit find ID            print the records of the audit that have this id\n"
	     "         --hour HOUR              search this hour, in UTC, such as 2024-01-03T19\n"
	     "  tickrd clickhouse create        make the tables of events and metrics in "
	     "ClickHouse\n"
	     "         --ttl TABLES             the days that rows are kept, such as "
	     "events=90,metrics=365\n"
	     "  tickrd report NAME              print a report from ClickHouse\n"
	     "         --since TIME             over this time, such as 90m, 12h or 7d\n"
	     "         --by SPAN                a row for each minute or hour\n"
	     "         --format FORMAT          table (the default), json or csv\n"
	     "         --list                   print the names of the reports\n"
	     "\n"
	     "Options:\n"
	     "  --env-file FILE                 read variables from FILE too; the environment "
	     "wins\n"
	     "  --help                          print this text\n"
	     "  --version                       print the version\n"
	     "  --variables                     print the variables for scripts, with tabs between "
	     "the fields\n"
	     "\n"
	     "Settings are environment variables:\n");
	config_print_help(stdout);
}
