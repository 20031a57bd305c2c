/*
 * report_command -- is tickrd report: asks ClickHouse, and prints the answer. Main thread.
 */
#ifndef TICKR_REPORT_COMMAND_H
#define TICKR_REPORT_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "config/config.h"

enum report_format { REPORT_TABLE, REPORT_JSON, REPORT_CSV };

struct report_command {
	const char *name;
	uint64_t since; /* seconds; 0: that of the report */
	uint64_t by;	/* seconds; 0: that of the report */
	enum report_format format;
};

/* Each reads the value of an option. False: the mistake was printed on standard error. */
bool report_command_take_since(struct report_command *command, const char *value) MUST_CHECK;
bool report_command_take_by(struct report_command *command, const char *value) MUST_CHECK;
bool report_command_take_format(struct report_command *command, const char *value) MUST_CHECK;

/* Return whether there is a report of the name in COMMAND that takes its options. If not, print the mistake. */
bool report_command_fits(const struct report_command *command) MUST_CHECK;

void report_command_list(void);
int report_command_run(const struct config *config, const struct report_command *command);

#endif
