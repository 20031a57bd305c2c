#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/env_file.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
	const char *at;
	const char *end;
	unsigned line;
	char *word; /* the name or the value that was read last; as large as the whole file */
	size_t len;
	struct text *problem;
	struct text *warning;
	bool is_good;
};

static bool
at_end(const struct reader *r)
{
	return r->at == r->end;
}

static bool
is_at(const struct reader *r, char c)
{
	return !at_end(r) && *r->at == c;
}

/* systemd ends a line at a carriage return, too. */
static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char
next(struct reader *r)
{
	char c = *r->at++;

	if (c == '\n' || (c == '\r' && !is_at(r, '\n')))
		r->line++;
	return c;
}

static void
put(struct reader *r, char c)
{
	r->word[r->len++] = c;
}

static void
note(struct text *text, unsigned line, const char *what)
{
	text_addf(text, "%sline %u%s", text->len > 0 ? "; " : "", line, what);
}

static void
add_problem(struct reader *r, unsigned line, const char *what)
{
	note(r->problem, line, what);
	r->is_good = false;
}

/* --- names ------------------------------------------------------------------------------------ */

/* All up to an equals sign, or to the end of the line, without the blanks behind it. */
static void
read_name(struct reader *r)
{
	r->len = 0;
	while (!at_end(r) && *r->at != '=' && !is_line_end(*r->at))
		put(r, next(r));
	while (r->len > 0 && is_blank(r->word[r->len - 1]))
		r->len--;
	r->word[r->len] = '\0';
}

static bool
is_name(const char *word)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_";

	return word[0] != '\0' && word[strspn(word, allowed)] == '\0' &&
	       !(word[0] >= '0' && word[0] <= '9');
}

/* The line does not begin with a name and an equals sign; WORD is its beginning. */
static const char *
explain(const char *word, bool has_value)
{
	if (has_value && strncmp(word, "export", 6) == 0 && is_blank(word[6]))
		return " begins with export, which is for a shell: remove that word";
	if (!has_value && word[0] == '[')
		return " is a section of a unit file: remove it, or put the variables into the "
		       "unit with Environment=";
	return " is not NAME=value, a comment or empty";
}

/* --- values ----------------------------------------------------------------------------------- */

/* Behind a backslash there is a carriage return: the author meant to continue the line. */
static void
refuse_return(struct reader *r)
{
	if (is_at(r, '\r'))
		add_problem(r, r->line,
			    ": a backslash before a carriage return does not continue a line: save "
			    "the file with LF line ends");
}

/* The rest of a quoted part, up to its closing QUOTE. */
static bool
read_quoted(struct reader *r, char quote)
{
	while (!at_end(r)) {
		char c = next(r);

		if (c == quote)
			return true;
		if (c == '\\' && quote == '"' && !at_end(r)) {
			char escaped;

			refuse_return(r);
			escaped = next(r);
			if (escaped == '\n')
				continue;
			if (strchr("\"\\$`", escaped) == NULL)
				put(r, '\\');
			c = escaped;
		}
		put(r, c);
	}
	return false;
}

/*
 * Quoted parts, then plain text, up to the end of the line. Blanks before the plain text and
 * behind it are dropped; within it a quote stands for itself. False: a quote is not closed.
 */
static bool
read_value(struct reader *r)
{
	bool is_plain = false; /* the plain text has begun */
	size_t kept = 0;       /* up to here nothing may be dropped */

	r->len = 0;
	while (!at_end(r)) {
		char c = next(r);

		if (is_line_end(c))
			break;
		if (!is_plain && (c == '\'' || c == '"')) {
			if (!read_quoted(r, c))
				return false;
			kept = r->len;
			continue;
		}
		if (!is_plain && is_blank(c))
			continue;
		is_plain = true;
		if (c == '\\') {
			kept = r->len;
			refuse_return(r);
			if (at_end(r) || (c = next(r)) == '\n')
				continue;
			kept++;
		}
		put(r, c);
	}
	while (r->len > kept && is_blank(r->word[r->len - 1]))
		r->len--;
	r->word[r->len] = '\0';
	return true;
}

static bool
is_utf8(const char *value)
{
	for (size_t len; *value != '\0'; value += len)
		if ((len = text_letter_len(value)) == 0)
			return false;
	return true;
}

static void
read_pair(struct reader *r, env_pair_fn *pair, void *arg)
{
	unsigned line = r->line;
	bool has_value, is_pair;
	char *name;

	read_name(r);
	has_value = is_at(r, '=');
	is_pair = has_value && is_name(r->word);
	if (!is_pair)
		add_problem(r, line, explain(r->word, has_value));
	if (!has_value)
		return;
	name = xstrdup(r->word);
	next(r);
	if (!read_value(r))
		add_problem(r, line, ": a quote is not closed");
	else if (is_pair)
		pair(arg, name, r->word);
	if (is_pair && !is_utf8(r->word))
		note(r->warning, line, " is not UTF-8: systemd reads nothing of such a file");
	free(name);
}

/* --- comments and the whole ------------------------------------------------------------------- */

/* Whether the line that begins here assigns something. */
static bool
is_assignment(const struct reader *r)
{
	const char *at = r->at;

	while (at < r->end && is_blank(*at))
		at++;
	return at < r->end && !is_line_end(*at) && *at != '#' && *at != ';';
}

static void
skip_comment(struct reader *r)
{
	unsigned line = r->line;
	bool is_escaped = false;

	while (!at_end(r)) {
		char c = next(r);

		if (c == '\r' && is_at(r, '\n'))
			is_escaped = false; /* the backslash takes the carriage return only */
		else if (is_line_end(c))
			break;
		else
			is_escaped = c == '\\' && !is_escaped;
	}
	if (is_escaped && is_assignment(r))
		note(r->warning, line,
		     " is a comment that ends in a backslash: systemd before version 254 takes the "
		     "next line for a part of it. Remove the backslash");
}

static void
skip_byte_order_mark(struct reader *r)
{
	size_t len = strlen(BYTE_ORDER_MARK);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, BYTE_ORDER_MARK, len) != 0)
		return;
	add_problem(r, 1, " begins with a byte order mark: save the file without it");
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
	skip_byte_order_mark(&r);
	while (!at_end(&r)) {
		if (is_blank(*r.at) || is_line_end(*r.at))
			next(&r);
		else if (*r.at == '#' || *r.at == ';')
			skip_comment(&r);
		else
			read_pair(&r, pair, arg);
	}
	explicit_bzero(r.word, len + 1); /* it may have held a password */
	free(r.word);
	return r.is_good;
}
