#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/env_file.h"

struct reader {
	const char *at;
	const char *end;
	unsigned line;
	char *word; /* what was read last: a name, then a value; as large as the whole file */
	size_t len;
};

static bool
at_end(const struct reader *r)
{
	return r->at == r->end;
}

static char
next(struct reader *r)
{
	char c = *r->at++;

	if (c == '\n')
		r->line++;
	return c;
}

static void
skip_line(struct reader *r)
{
	while (!at_end(r) && next(r) != '\n')
		;
}

static bool
read_name(struct reader *r)
{
	r->len = 0;
	while (!at_end(r) && (isalnum((unsigned char)*r->at) || *r->at == '_'))
		r->word[r->len++] = next(r);
	r->word[r->len] = '\0';
	return r->len > 0 && !isdigit((unsigned char)r->word[0]);
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
			char escaped = next(r);

			if (escaped == '\n')
				continue;
			if (strchr("\"\\$`", escaped) == NULL)
				r->word[r->len++] = '\\';
			c = escaped;
		}
		r->word[r->len++] = c;
	}
	return false;
}

/*
 * Quoted parts, then plain text, up to the end of the line. Blanks before the plain text and
 * behind it are dropped; within it a quote stands for itself.
 */
static bool
read_value(struct reader *r)
{
	bool is_plain = false; /* the plain text has begun */
	size_t kept = 0;       /* up to here nothing may be dropped */

	r->len = 0;
	while (!at_end(r)) {
		char c = next(r);

		if (c == '\n')
			break;
		if (!is_plain && (c == '\'' || c == '"')) {
			if (!read_quoted(r, c))
				return false;
			kept = r->len;
			continue;
		}
		if (!is_plain && isspace((unsigned char)c))
			continue;
		is_plain = true;
		if (c == '\\') {
			if (at_end(r))
				break;
			c = next(r);
			if (c == '\n')
				continue;
			kept = r->len + 1;
		}
		r->word[r->len++] = c;
	}
	while (r->len > kept && isspace((unsigned char)r->word[r->len - 1]))
		r->len--;
	r->word[r->len] = '\0';
	return true;
}

static void
add_problem(struct text *problem, unsigned line, const char *what)
{
	text_addf(problem, "%sline %u%s", problem->len > 0 ? "; " : "", line, what);
}

static bool
read_pair(struct reader *r, env_pair_fn *pair, void *arg, struct text *problem)
{
	unsigned line = r->line;
	char *name;

	if (!read_name(r) || at_end(r) || *r->at != '=') {
		add_problem(problem, line, " is not NAME=value, a comment or empty");
		skip_line(r);
		return false;
	}
	next(r);
	name = xstrdup(r->word);
	if (!read_value(r)) {
		add_problem(problem, line, ": a quote is not closed");
		free(name);
		return false;
	}
	pair(arg, name, r->word);
	free(name);
	return true;
}

bool
env_file_parse(const char *content, size_t len, env_pair_fn *pair, void *arg, struct text *problem)
{
	struct reader r = {content, content + len, 1, NULL, 0};
	bool is_good = true;

	if (memchr(content, '\0', len) != NULL) {
		text_add(problem, "holds a NUL byte");
		return false;
	}
	r.word = xcalloc(1, len + 1);
	while (!at_end(&r)) {
		if (isspace((unsigned char)*r.at))
			next(&r);
		else if (*r.at == '#' || *r.at == ';')
			skip_line(&r);
		else if (!read_pair(&r, pair, arg, problem))
			is_good = false;
	}
	free(r.word);
	return is_good;
}
