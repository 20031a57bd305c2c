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
	enum command command;
} commands[] = {
	{"serve", COMMAND_SERVE},
	{"check-config", COMMAND_CHECK_CONFIG},
	{"createdb", COMMAND_CREATEDB},
	{"advance", COMMAND_ADVANCE},
};

static const struct {
	const char *name;
	enum store_layout layout;
} layouts[] = {
	{"append", STORE_LAYOUT_APPEND},
	{"counter", STORE_LAYOUT_COUNTER},
};

enum option_code {
	OPTION_ENV_FILE = 1,
	OPTION_IF_NOT_EXISTS,
	OPTION_CONTINUE_AFTER,
	OPTION_LAYOUT,
	OPTION_SEQUENCES,
	OPTION_PAST,
	OPTION_BY,
	OPTION_YES,
	OPTION_VARIABLES
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
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"variables", no_argument, NULL, OPTION_VARIABLES},
	{NULL, 0, NULL, 0},
};

static bool
command_line_take_ticket(struct command_line *line, const char *option, const char *ticket)
{
	if (parse_number(ticket, strlen(ticket), SPACE_LAST_TICKET, &line->last_ticket))
		return true;
	fprintf(stderr,
		"tickrd: %s takes a ticket, a whole number from 0 to 9223372036854775807, not %s\n",
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
		line->has_past = true;
		return command_line_take_ticket(line, "--past", optarg);
	case OPTION_BY: return command_line_take_distance(line, optarg);
	case OPTION_YES: line->is_confirmed = true; return true;
	case 'h': line->command = COMMAND_HELP; return true;
	case 'V': line->command = COMMAND_VERSION; return true;
	case OPTION_VARIABLES: line->command = COMMAND_VARIABLES; return true;
	default: /* getopt has printed the mistake */
		fprintf(stderr, "tickrd: see tickrd --help\n");
		return false;
	}
}

static bool
command_line_take_command(struct command_line *line, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			line->command = commands[i].command;
			return true;
		}
	}
	fprintf(stderr, "tickrd: there is no command %s; see tickrd --help\n", name);
	return false;
}

/* Whether the command takes each option, and has the options that it needs. */
static bool
command_line_options_fit(const struct command_line *line)
{
	bool is_for_createdb = line->if_not_exists || line->has_continue_after ||
			       line->layout != STORE_LAYOUT_USUAL;
	const char *problem = NULL;

	if (is_for_createdb && line->command != COMMAND_CREATEDB)
		problem = "--if-not-exists, --continue-after and --layout go with createdb only";
	else if (line->with_sequences && line->command != COMMAND_CREATEDB &&
		 line->command != COMMAND_ADVANCE)
		problem = "--sequences goes with createdb and advance only";
	else if ((line->has_past || line->is_confirmed) && line->command != COMMAND_ADVANCE)
		problem = "--past and --yes go with advance only";
	else if (line->raise_by > 0 && (line->command != COMMAND_ADVANCE || !line->with_sequences))
		problem = "--by goes with advance --sequences only";
	else if (line->has_past && line->with_sequences)
		problem = "advance takes --past or --sequences, not both";
	else if (line->command == COMMAND_ADVANCE && !line->has_past && !line->with_sequences)
		problem = "advance needs --past TICKET: the last ticket that may have been issued";
	if (problem != NULL)
		fprintf(stderr, "tickrd: %s\n", problem);
	return problem == NULL;
}

bool
command_line_parse(struct command_line *line, int count, char **arguments)
{
	bool has_command = false;
	int option;

	*line = (struct command_line){.command = COMMAND_SERVE};
	while ((option = getopt_long(count, arguments, "hV", options, NULL)) != -1)
		if (!command_line_take_option(line, option))
			return false;
	if (line->command != COMMAND_SERVE)
		return true; /* --help, --version and --variables win over a command */
	for (; optind < count; optind++) {
		if (has_command) {
			fprintf(stderr, "tickrd: there is more than one command: remove %s\n",
				arguments[optind]);
			return false;
		}
		has_command = true;
		if (!command_line_take_command(line, arguments[optind]))
			return false;
	}
	return command_line_options_fit(line);
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
