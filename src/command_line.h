/*
 * command_line -- reads the command and the options of tickrd. Main thread.
 */
#ifndef TICKR_COMMAND_LINE_H
#define TICKR_COMMAND_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit_command.h"
#include "base/attributes.h"
#include "clickhouse_create.h"
#include "report_command.h"
#include "sequence_command.h"
#include "store/store.h"

enum command {
	COMMAND_SERVE,
	COMMAND_CHECK_CONFIG,
	COMMAND_CREATEDB,
	COMMAND_ADVANCE,
	COMMAND_SEQUENCE, /* decode --sequence, too */
	COMMAND_AUDIT_FIND,
	COMMAND_CLICKHOUSE_CREATE,
	COMMAND_REPORT,
	COMMAND_REPORT_LIST,
	COMMAND_HELP,
	COMMAND_VERSION,
	COMMAND_DECODE, /* without a sequence */
	COMMAND_VARIABLES,
};

struct command_line {
	enum command command;
	const char *env_file; /* NULL: none */
	bool if_not_exists;
	bool has_continue_after;  /* createdb */
	uint64_t last_ticket;	  /* of --continue-after or --past, or the ID of decode */
	uint64_t raise_by;	  /* advance --sequences --by; 0: not given */
	bool is_confirmed;	  /* advance --yes */
	enum store_layout layout; /* createdb */
	bool with_sequences;	  /* createdb, advance */
	const char *store;	  /* of TICKR_SEQUENCERS_FILE; "": the own databases */
	struct sequence_command sequence;
	struct audit_command audit;
	const char *sequence_name; /* decode --sequence; NULL: none */
	const char *by;		   /* of advance or report; NULL: none */
	struct clickhouse_create clickhouse_create;
	struct report_command report;
};

/* Fill LINE from the COUNT ARGUMENTS. False: the mistake was printed on standard error. */
bool command_line_parse(struct command_line *line, int count, char **arguments) MUST_CHECK;

void command_line_print_help(void);

#endif
