/*
 * env_file -- reads systemd's EnvironmentFile syntax. Pure; any thread.
 *
 * A line is NAME=value, empty, or a comment (# or ;); blanks around the name, the equals sign and the
 * value do not count. It ends in LF, CR LF or CR. A backslash before an LF joins the next line to it.
 * A value may be quoted: 'as it is', or "with \" \\ \$ \`"; outside quotes a backslash takes the next
 * character as it is. A quote that does not begin the value is an ordinary character.
 *
 * What is read without a problem or a warning, systemd reads the same; t/unit/test_systemd.c compares.
 */
#ifndef TICKR_CONFIG_ENV_FILE_H
#define TICKR_CONFIG_ENV_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/text.h"

/* NAME and VALUE are gone when the function returns. */
typedef void env_pair_fn(void *arg, const char *name, const char *value);

/*
 * Calls PAIR for each assignment among the LEN bytes at CONTENT, in their order. False where there
 * are lines that are none of the above, with their numbers and what is wrong in PROBLEM. Lines that
 * systemd reads otherwise are in WARNING. Neither ever holds a part of a line.
 */
bool env_file_parse(const char *content, size_t len, env_pair_fn *pair, void *arg,
		    struct text *problem, struct text *warning) MUST_CHECK;

#endif
