/*
 * env_file -- reads systemd's EnvironmentFile syntax. Pure; any thread.
 *
 * A line is NAME=value, empty, or a comment (# or ;). A backslash at the end of a line
 * joins the next one to it. A value may be quoted: 'as it is', or "with \" \\ \$ \`";
 * outside quotes a backslash takes the next character as it is, and blanks at the
 * end do not count. A quote that does not begin the value is an ordinary character.
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
 * are lines that are none of the above, with their numbers and what is wrong in PROBLEM.
 */
bool env_file_parse(const char *content, size_t len, env_pair_fn *pair, void *arg,
		    struct text *problem) MUST_CHECK;

#endif
