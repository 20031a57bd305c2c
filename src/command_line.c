#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "command_line.h"
#include "command_table.h"
#include "config/config.h"
#include "front/stores.h"
#include "ticket/sequence.h"
#include "ticket/space.h"

static const struct {
	const char *name;
	enum store_layout layout;
} layouts[] = {
	{"append", STORE_LAYOUT_APPEND},
	{"counter", STORE_LAYOUT_COUNTER},
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

/* Store `tickr` is in the server's own databases, as without the option. */
static bool
command_line_take_store(struct command_line *line, const char *name)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);

	line->store = strcmp(name, FRONT_STORE_OWN) == 0 ? "" : name;
	if (name[0] == '\0')
		text_add(&problem, "it takes the name of a store");
	else if (sequence_request_set_store(&line->sequence.request, line->store, &problem))
		return true;
	fprintf(stderr, "tickrd: --store: %s\n", memory);
	return false;
}

/* Take an option of a sequence that sequence create makes. */
static bool
command_line_take_wish(struct command_line *line, int option)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	if (sequence_wish_set(&line->sequence.request.wish, command_table_option_name(option),
			      optarg, &problem))
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
	case OPTION_STORE: return command_line_take_store(line, optarg);
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

/* Check the options of tickrd createdb. A store has no tickets. */
static bool
command_line_createdb_fits(const struct command_line *line, unsigned given)
{
	const unsigned of_tickets =
		BIT(OPTION_CONTINUE_AFTER) | BIT(OPTION_LAYOUT) | BIT(OPTION_SEQUENCES);

	if (line->command != COMMAND_CREATEDB || line->store[0] == '\0' || !(given & of_tickets))
		return true;
	fputs("tickrd: createdb --store takes --if-not-exists only: a store has no tickets\n",
	      stderr);
	return false;
}

/* Check the options of tickrd advance, which moves the tickets or the named sequences. */
static bool
command_line_advance_fits(const struct command_line *line, const struct command_entry *command,
			  unsigned given)
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
	else if (has_past && line->store[0] != '\0')
		problem = "--store goes with advance --sequences only: a store has no tickets";
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
	if (name == NULL && line->store[0] != '\0') {
		fputs("tickrd: decode --store needs --sequence NAME: a store has no tickets\n",
		      stderr);
		return false;
	}
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

	*line = (struct command_line){.command = COMMAND_SERVE, .store = ""};
	while ((option = getopt_long(count, arguments, "hV", command_table_options(), NULL)) !=
	       -1) {
		if (!command_line_take_option(line, option))
			return false;
		given |= option <= OPTION_FORM ? BIT(option) : 0;
	}
	if (line->command != COMMAND_SERVE)
		return true; /* --help, --version and --variables win over a command */
	left = (size_t)(count - optind);
	command = command_table_find(left, arguments + optind);
	if (command == NULL)
		return false;
	line->command = command->command;
	words = left == 0 ? 0 : 1u + (command->words[1] != NULL);
	if (left > words + (command->operand != NULL)) {
		fprintf(stderr, "tickrd: there is more than one command: remove %s\n",
			arguments[optind + (int)(words + (command->operand != NULL))]);
		return false;
	}
	if (!command_table_options_fit(command, given) ||
	    !command_line_advance_fits(line, command, given) ||
	    !command_line_createdb_fits(line, given))
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
