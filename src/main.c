#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "build.h"

#include "audit.h"
#include "audit_command.h"
#include "base/log.h"
#include "command_line.h"
#include "config/config.h"
#include "coordinators.h"
#include "daemon.h"
#include "clickhouse_create.h"
#include "database_command.h"
#include "databases.h"
#include "decode_command.h"
#include "remote/web.h"
#include "report_command.h"
#include "sequence_command.h"
#include "signals.h"
#include "store_create.h"

#define MESSAGES_SIZE 16384

static void
main_print_lines(enum log_level level, char *lines)
{
	char *line;

	while ((line = strsep(&lines, "\n")) != NULL)
		if (line[0] != '\0')
			log_plain(level, line);
}

static int
main_run_on_clickhouse(const struct config *config, const struct command_line *line)
{
	int status;

	if (!web_begin()) {
		log_plain(LOG_LEVEL_ERROR, "tickrd: libcurl does not work");
		return EX_OSERR;
	}
	if (line->command == COMMAND_REPORT)
		status = report_command_run(config, &line->report);
	else
		status = clickhouse_create_run(config, &line->clickhouse_create);
	web_end();
	return status;
}

static int
main_create_database(const struct config *config, const struct command_line *line)
{
	return line->store[0] != '\0' ? store_create_run(config, line)
				      : database_command_create(config, line);
}

static int
main_run_on_sequences(const struct config *config, const struct command_line *line)
{
	return sequence_command_run(config, &line->sequence);
}

static int
main_find_audit(const struct config *config, const struct command_line *line)
{
	return audit_command_find(config, &line->audit);
}

static int
main_decode(const struct config *config, const struct command_line *line)
{
	return decode_command_run(config, line->last_ticket);
}

static int
main_check_config(const struct config *config, const struct command_line *line)
{
	(void)line;
	return databases_check(config);
}

/* The commands that need the settings, except serving. */
static int (*const main_commands[])(const struct config *config,
				    const struct command_line *line) = {
	[COMMAND_CHECK_CONFIG] = main_check_config,
	[COMMAND_CREATEDB] = main_create_database,
	[COMMAND_ADVANCE] = database_command_advance,
	[COMMAND_SEQUENCE] = main_run_on_sequences,
	[COMMAND_AUDIT_FIND] = main_find_audit,
	[COMMAND_CLICKHOUSE_CREATE] = main_run_on_clickhouse,
	[COMMAND_REPORT] = main_run_on_clickhouse,
	[COMMAND_DECODE] = main_decode,
};

/* Run a command that needs the settings, and return its exit status. Take SIGNALS, which only serving has. */
static int
main_run(const struct command_line *line, struct signals *signals)
{
	char problem_memory[MESSAGES_SIZE], warning_memory[MESSAGES_SIZE];
	struct text problems = TEXT_OVER(problem_memory);
	struct text warnings = TEXT_OVER(warning_memory);
	struct config config;
	int status = EX_CONFIG;
	bool is_of_clickhouse =
		line->command == COMMAND_CLICKHOUSE_CREATE || line->command == COMMAND_REPORT;
	bool is_good = is_of_clickhouse ? config_load_clickhouse(&config, line->env_file, environ,
								 &problems, &warnings)
					: config_load(&config, line->env_file, environ, &problems,
						      &warnings) &&
						  audit_check(&config, &problems) &&
						  coordinators_check(&config, &problems);

	log_begin((enum log_level)config.log_level);
	main_print_lines(LOG_LEVEL_WARN, warning_memory);
	main_print_lines(LOG_LEVEL_ERROR, problem_memory);
	if (!is_good)
		log_plain(LOG_LEVEL_ERROR, "tickrd: fix the settings above; see tickrd --help");
	else if (line->command == COMMAND_SERVE)
		status = daemon_run(&config, signals);
	else
		status = main_commands[line->command](&config, line);
	config_free(&config);
	log_flush();
	return status;
}

/*
 * A caller may have closed some of the three (`>&-`). The next open() would get such a number, and a database
 * or a client would receive the log. So open /dev/null in their place before anything else opens.
 */
static bool
main_open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int nothing;

		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		nothing = open("/dev/null", O_RDWR);
		/* A root folder may have no /dev/null. The root folder itself cannot be written either. */
		if (nothing < 0)
			nothing = open("/", O_RDONLY | O_DIRECTORY);
		if (nothing != fd) {
			log_error("cannot open the standard descriptors",
				  LOG_TEXT("reason", strerror(errno)));
			return false;
		}
	}
	return true;
}

int
main(int count, char **arguments)
{
	struct command_line line;
	struct signals *signals = NULL;

	if (!main_open_standard_descriptors())
		return EX_OSERR;
	if (!command_line_parse(&line, count, arguments))
		return EX_USAGE;
	switch (line.command) {
	case COMMAND_HELP: command_line_print_help(); return 0;
	case COMMAND_VERSION: puts("tickrd " PACKAGE_VERSION); return 0;
	case COMMAND_VARIABLES: config_print_variables(stdout); return 0;
	case COMMAND_REPORT_LIST: report_command_list(); return 0;
	case COMMAND_SERVE:
	case COMMAND_CHECK_CONFIG:
	case COMMAND_CREATEDB:
	case COMMAND_ADVANCE:
	case COMMAND_DECODE:
	case COMMAND_SEQUENCE:
	case COMMAND_AUDIT_FIND:
	case COMMAND_CLICKHOUSE_CREATE:
	case COMMAND_REPORT: break;
	}
	if (line.command == COMMAND_SERVE && (signals = signals_new()) == NULL) {
		log_error("cannot create a thread", LOG_TEXT("reason", strerror(errno)));
		return EX_OSERR;
	}
	return main_run(&line, signals);
}
