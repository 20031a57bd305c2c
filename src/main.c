#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "build.h"

#include "base/log.h"
#include "command_line.h"
#include "config/config.h"
#include "daemon.h"
#include "databases.h"
#include "signals.h"

#define MESSAGES_SIZE 16384

static void
print_lines(enum log_level level, char *lines)
{
	char *line;

	while ((line = strsep(&lines, "\n")) != NULL)
		if (line[0] != '\0')
			log_plain(level, line);
}

/* Serve, or run another command that needs the settings. Takes SIGNALS, which only serving has. */
static int
run(const struct command_line *line, struct signals *signals)
{
	char problem_memory[MESSAGES_SIZE], warning_memory[MESSAGES_SIZE];
	struct text problems = TEXT_OVER(problem_memory);
	struct text warnings = TEXT_OVER(warning_memory);
	struct config config;
	int status = EX_CONFIG;
	bool is_good = config_load(&config, line->env_file, environ, &problems, &warnings);

	log_begin((enum log_level)config.log_level);
	print_lines(LOG_LEVEL_WARN, warning_memory);
	print_lines(LOG_LEVEL_ERROR, problem_memory);
	if (!is_good)
		log_plain(LOG_LEVEL_ERROR,
			  "tickrd: the settings above must be mended; see tickrd --help");
	else if (line->command == COMMAND_CREATEDB)
		status = databases_create(&config, line);
	else if (line->command == COMMAND_ADVANCE)
		status = databases_advance(&config, line);
	else if (line->command == COMMAND_SERVE)
		status = daemon_run(&config, signals);
	else
		status = databases_check(&config);
	config_free(&config);
	log_flush();
	return status;
}

/* /dev/null; in a root folder that has none, that folder, which cannot be written either. */
static int
open_nothing(void)
{
	int fd = open("/dev/null", O_RDWR);

	return fd >= 0 ? fd : open("/", O_RDONLY | O_DIRECTORY);
}

/*
 * A caller may have closed some of the three (`>&-`). Whatever opens next would get such a number, and a
 * database or a client would receive the log. So /dev/null takes the free ones before anything else does.
 */
static bool
open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open_nothing() != fd) {
			log_error("cannot open the standard descriptors", "reason=\"%s\"",
				  strerror(errno));
			return false;
		}
	return true;
}

int
main(int count, char **arguments)
{
	struct command_line line;
	struct signals *signals = NULL;

	if (!open_standard_descriptors())
		return EX_OSERR;
	if (!command_line_parse(&line, count, arguments))
		return EX_USAGE;
	switch (line.command) {
	case COMMAND_HELP: command_line_print_help(); return 0;
	case COMMAND_VERSION: puts("tickrd " PACKAGE_VERSION); return 0;
	case COMMAND_VARIABLES: config_print_variables(stdout); return 0;
	case COMMAND_SERVE:
	case COMMAND_CHECK_CONFIG:
	case COMMAND_CREATEDB:
	case COMMAND_ADVANCE: break;
	}
	if (line.command == COMMAND_SERVE && (signals = signals_new()) == NULL) {
		log_error("the system gives no thread", "reason=\"%s\"", strerror(errno));
		return EX_OSERR;
	}
	return run(&line, signals);
}
