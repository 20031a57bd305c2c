#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/env_file.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
	const char *at;
	const char *end;
	unsigned line;
	char *word; /* the name or the value that was read last; it has room for the whole file */
	size_t len;
	struct text *problem;
	struct text *warning;
	bool is_good;
};

static bool
env_file_at_end(const struct reader *r)
{
	return r->at == r->end;
}

static bool
env_file_is_at(const struct reader *r, char c)
{
	return !env_file_at_end(r) && *r->at == c;
}

/* As systemd, end a line at a carriage return, too. */
static bool
env_file_is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

static bool
env_file_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char
env_file_next(struct reader *r)
{
	char c = *r->at++;

	if (c == '\n' || (c == '\r' && !env_file_is_at(r, '\n')))
		r->line++;
	return c;
}

static void
env_file_put(struct reader *r, char c)
{
	r->word[r->len++] = c;
}

static void
env_file_note(struct text *text, unsigned line, const char *what)
{
	text_addf(text, "%sline %u%s", text->len > 0 ? "; " : "", line, what);
}

static void
env_file_add_problem(struct reader *r, unsigned line, const char *what)
{
	env_file_note(r->problem, line, what);
	r->is_good = false;
}

/* --- names ------------------------------------------------------------------------------------ */

/* Read up to an equals sign or to the end of the line, and drop the blanks at the end. */
static void
env_file_read_name(struct reader *r)
{
	r->len = 0;
	while (!env_file_at_end(r) && *r->at != '=' && !env_file_is_line_end(*r->at))
		env_file_put(r, env_file_next(r));
	while (r->len > 0 && env_file_is_blank(r->word[r->len - 1]))
		r->len--;
	r->word[r->len] = '\0';
}

static bool
env_file_is_name(const char *word)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_";

	return word[0] != '\0' && word[strspn(word, allowed)] == '\0' &&
	       !(word[0] >= '0' && word[0] <= '9');
}

/* Return why a line that begins with WORD is no assignment. */
static const char *
env_file_explain(const char *word, bool has_value)
{
	if (has_value && strncmp(word, "export", 6) == 0 && env_file_is_blank(word[6]))
		return " begins with export, which is for a shell: remove that word";
	if (!has_value && word[0] == '[')
		return " is a section of a unit file: remove it, or put the variables into the "
		       "unit with Environment=";
	return " is not NAME=value, a comment or empty";
}

/* --- values ----------------------------------------------------------------------------------- */

/* A carriage return follows a backslash: the author meant to continue the line. */
static void
env_file_refuse_return(struct reader *r)
{
	if (env_file_is_at(r, '\r'))
		env_file_add_problem(
			r, r->line,
			": a backslash before a carriage return does not continue a line: save "
			"the file with LF line ends");
}

/* Read the rest of a quoted part, up to its closing QUOTE. False: there is none. */
static bool
env_file_read_quoted(struct reader *r, char quote)
{
	while (!env_file_at_end(r)) {
		char c = env_file_next(r);

		if (c == quote)
			return true;
		if (c == '\\' && quote == '"' && !env_file_at_end(r)) {
			char escaped;

			env_file_refuse_return(r);
			escaped = env_file_next(r);
			if (escaped == '\n')
				continue;
			if (strchr("\"\\$`", escaped) == NULL)
				env_file_put(r, '\\');
			c = escaped;
		}
		env_file_put(r, c);
	}
	return false;
}

/*
 * Read quoted parts and then plain text, up to the end of the line. Drop the blanks around the plain text.
 * Within it a quote stands for itself. False: a quote is not closed.
 */
static bool
env_file_read_value(struct reader *r)
{
	bool is_plain = false; /* the plain text has begun */
	size_t kept = 0;       /* of LEN: these bytes may not be dropped */

	r->len = 0;
	while (!env_file_at_end(r)) {
		char c = env_file_next(r);

		if (env_file_is_line_end(c))
			break;
		if (!is_plain && (c == '\'' || c == '"')) {
			if (!env_file_read_quoted(r, c))
				return false;
			kept = r->len;
			continue;
		}
		if (!is_plain && env_file_is_blank(c))
			continue;
		is_plain = true;
		if (c == '\\') {
			kept = r->len;
			env_file_refuse_return(r);
			if (env_file_at_end(r) || (c = env_file_next(r)) == '\n')
				continue;
			kept++;
		}
		env_file_put(r, c);
	}
	while (r->len > kept && env_file_is_blank(r->word[r->len - 1]))
		r->len--;
	r->word[r->len] = '\0';
	return true;
}

static bool
env_file_is_utf8(const char *value)
{
	for (size_t len; *value != '\0'; value += len)
		if ((len = text_letter_len(value)) == 0)
			return false;
	return true;
}

static void
env_file_read_pair(struct reader *r, env_pair_fn *pair, void *arg)
{
	unsigned line = r->line;
	bool has_value, is_pair;
	char *name;

	env_file_read_name(r);
	has_value = env_file_is_at(r, '=');
	is_pair = has_value && env_file_is_name(r->word);
	if (!is_pair)
		env_file_add_problem(r, line, env_file_explain(r->word, has_value));
	if (!has_value)
		return;
	name = xstrdup(r->word);
	env_file_next(r);
	if (!env_file_read_value(r))
		env_file_add_problem(r, line, ": a quote is not closed");
	else if (is_pair)
		pair(arg, name, r->word);
	if (is_pair && !env_file_is_utf8(r->word))
		env_file_note(r->warning, line, " is not UTF-8: systemd ignores the whole file");
	free(name);
}

/* --- comments, and the whole file --------------------------------------------------------------- */

/* Whether the line that begins here is an assignment. */
static bool
env_file_is_assignment(const struct reader *r)
{
	const char *at = r->at;

	while (at < r->end && env_file_is_blank(*at))
		at++;
	return at < r->end && !env_file_is_line_end(*at) && *at != '#' && *at != ';';
}

static void
env_file_skip_comment(struct reader *r)
{
	unsigned line = r->line;
	bool is_escaped = false;

	while (!env_file_at_end(r)) {
		char c = env_file_next(r);

		if (c == '\r' && env_file_is_at(r, '\n'))
			is_escaped = false; /* the backslash takes the carriage return only */
		else if (env_file_is_line_end(c))
			break;
		else
			is_escaped = c == '\\' && !is_escaped;
	}
	if (is_escaped && env_file_is_assignment(r))
		env_file_note(r->warning, line,
			      " is a comment that ends in a backslash: systemd before version 254 "
			      "takes the "
			      "next line as a part of it. Remove the backslash");
}

static void
env_file_skip_byte_order_mark(struct reader *r)
{
	size_t len = strlen(BYTE_ORDER_MARK);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, BYTE_ORDER_MARK, len) != 0)
		return;
	env_file_add_problem(r, 1, " begins with a byte order mark: save the file without it");
	r->at += len;
}

bool
env_file_parse(const char *content, size_t len, env_pair_fn *pair, void *arg, struct text *problem,
	       struct text *warning)
{
	struct reader r = {content, content + len, 1, NULL, 0, problem, warning, true};

	if (memchr(content, '\0', len) != NULL) {
		text_add(problem, "holds a NUL byte");
		return false;
	}
	r.word = xcalloc(1, len + 1);
	env_file_skip_byte_order_mark(&r);
	while (!env_file_at_end(&r)) {
		if (env_file_is_blank(*r.at) || env_file_is_line_end(*r.at))
			env_file_next(&r);
		else if (*r.at == '#' || *r.at == ';')
			env_file_skip_comment(&r);
		else
			env_file_read_pair(&r, pair, arg);
	}
	explicit_bzero(r.word, len + 1); /* it may have held a password */
	free(r.word);
	return r.is_good;
}
