/*
 * env_file -- reads systemd's EnvironmentFile syntax. Pure; any thread.
 *
 * A line is NAME=value, empty, or a comment (# or ;). Blanks around the name, the equals sign and the value
 * do not count. A line ends in LF, CR LF or CR. A backslash before an LF joins the next line to it.
 * A value may be quoted: 'as it is', or "with \" \\ \$ \`". Outside quotes a backslash takes the next
 * character as it is. A quote that does not begin the value is an ordinary character.
 *
 * systemd reads a file without a problem or a warning in the same way; t/unit/test_systemd.c compares.
 */
#ifndef TICKR_CONFIG_ENV_FILE_H
#define TICKR_CONFIG_ENV_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"

/* Takes one assignment. NAME and VALUE are valid during the call. */
typedef void env_pair_fn(void *arg, const char *name, const char *value);

/*
 * Call PAIR for each assignment in the LEN bytes at CONTENT, in their order. False: some lines are none of
 * the above. PROBLEM has their numbers and their mistakes. WARNING has the lines that systemd reads in
 * another way. Neither ever holds a part of a line.
 */
bool env_file_parse(const char *content, size_t len, env_pair_fn *pair, void *arg,
		    struct text *problem, struct text *warning) MUST_CHECK;

#endif
