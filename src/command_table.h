/*
 * command_table -- the commands of tickrd and their options, as data.
 */
#ifndef TICKR_COMMAND_TABLE_H
#define TICKR_COMMAND_TABLE_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "command_line.h"

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
	OPTION_STORE,
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

#define BIT(option) (1u << (option))
#define OF_REPORT   (BIT(OPTION_SINCE) | BIT(OPTION_BY) | BIT(OPTION_FORMAT) | BIT(OPTION_LIST))

/* A command, its words, and what follows them. */
struct command_entry {
	const char *name;     /* as an error shows it */
	const char *words[2]; /* NULL: there is no second one */
	enum command command;
	enum sequence_task task;
	unsigned takes;	     /* options */
	unsigned needs;	     /* options that must be there */
	const char *operand; /* NULL: none */
	const char *lacks;   /* the error if an option or the operand is missing */
};

/* Return all options, for getopt_long(). */
const struct option *command_table_options(void);

/* Return the name of OPTION, without dashes. */
const char *command_table_option_name(int option);

/* Find the command that COUNT OPERANDS begin with. NULL: the mistake was printed. */
const struct command_entry *command_table_find(size_t count, char *const *operands) MUST_CHECK;

/* Check whether COMMAND takes the options GIVEN, and has those that it needs. False: the mistake was printed. */
bool command_table_options_fit(const struct command_entry *command, unsigned given) MUST_CHECK;

#endif
