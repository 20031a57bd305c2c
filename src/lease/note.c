#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "lease/note.h"

/* --- writing ------------------------------------------------------------------------------------- */

void
lease_note_add_time(struct text *text, uint64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm utc;
	char words[64];

	if (gmtime_r(&seconds, &utc) != NULL &&
	    strftime(words, sizeof(words), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
		text_add(text, words);
}

static void
note_add_string(struct text *text, const char *string)
{
	text_add(text, "\"");
	for (const char *c = string; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			text_addf(text, "\\%c", *c);
		else if ((unsigned char)*c < 0x20)
			text_addf(text, "\\u%04x", *c);
		else
			text_addf(text, "%c", *c);
	}
	text_add(text, "\"");
}

static void
note_add_moment(struct text *text, const char *name, uint64_t unix_ms)
{
	text_addf(text, "\"%s\":\"", name);
	lease_note_add_time(text, unix_ms);
	text_add(text, "\"");
}

void
lease_note_worker(struct text *text, const struct lease_settings *settings, unsigned port)
{
	text_add(text, "{\"hostname\":");
	note_add_string(text, settings->hostname);
	text_add(text, ",\"ip\":");
	note_add_string(text, settings->ip);
	text_addf(text, ",\"port\":%u,", port);
	note_add_moment(text, "started_at", settings->started_at_ms);
	text_add(text, ",\"version\":");
	note_add_string(text, settings->version);
	text_addf(text, ",\"instance\":\"%s\"}", settings->instance);
}

void
lease_note_bound(struct text *text, const struct lease_bound_note *note)
{
	text_addf(text, "{\"bound_ms\":\"%llu\",\"epoch\":\"%llu\",\"instance\":\"%s\",",
		  (unsigned long long)note->bound_ms, (unsigned long long)note->epoch_ms,
		  note->instance);
	note_add_moment(text, "written_at", note->unix_ms);
	text_add(text, "}");
}

void
lease_note_retired(struct text *text, const struct lease_retired_note *note)
{
	text_add(text, "{");
	note_add_moment(text, "retired_at", note->retired_at_ms);
	text_addf(text, ",\"last_id\":\"%llu\",", (unsigned long long)note->last_id);
	note_add_moment(text, "reuse_after", note->reuse_after_ms);
	text_add(text, ",\"hostname\":");
	note_add_string(text, note->hostname);
	text_add(text, "}");
}

/* --- reading ------------------------------------------------------------------------------------- */

static const char *
note_skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
		at++;
	return at;
}

/* Copy the string at AT, which is after its quote. Return the end after the last quote; NULL: it has no end. */
static const char *
note_read_string(const char *at, struct text *text)
{
	for (; *at != '"'; at++) {
		if (*at == '\0')
			return NULL;
		if (*at != '\\') {
			text_add_bytes(text, at, 1);
			continue;
		}
		at++;
		if (*at == '\0')
			return NULL;
		/* The readers need no letter that is written as \uXXXX. */
		text_add_bytes(text, *at == 'u' ? "?" : at, 1);
	}
	return at + 1;
}

/* Copy the string, number or word at AT. Return its end; NULL: there is none. */
static const char *
note_read_value(const char *at, struct text *text)
{
	const char *start = at;

	if (*at == '"')
		return note_read_string(at + 1, text);
	while (isalnum((unsigned char)*at) || *at == '-' || *at == '+' || *at == '.')
		at++;
	text_add_bytes(text, start, (size_t)(at - start));
	return at > start ? at : NULL;
}

/* Read the member at AT, a name and a value. Return its end; NULL: it is malformed. */
static const char *
note_read_member(const char *at, struct text *name, struct text *value)
{
	at = note_skip_blanks(at);
	if (*at != '"')
		return NULL;
	at = note_read_string(at + 1, name);
	if (at == NULL)
		return NULL;
	at = note_skip_blanks(at);
	if (*at != ':')
		return NULL;
	at = note_read_value(note_skip_blanks(at + 1), value);
	return at == NULL ? NULL : note_skip_blanks(at);
}

bool
lease_note_member(const char *value, const char *name, char *member, size_t size)
{
	const char *at = note_skip_blanks(value);

	if (*at != '{')
		return false;
	do {
		char found[NOTE_MEMBER_SIZE];
		struct text found_name = TEXT_OVER(found), text = text_over(member, size);

		at = note_read_member(at + 1, &found_name, &text);
		if (at == NULL)
			return false;
		if (strcmp(found, name) == 0)
			return true;
	} while (*at == ',');
	return false;
}

static bool
note_read_number(const char *value, const char *name, uint64_t *number)
{
	char digits[32];

	return lease_note_member(value, name, digits, sizeof(digits)) && digits[0] != '\0' &&
	       parse_number(digits, strlen(digits), UINT64_MAX, number);
}

bool
lease_note_read_bound(const char *value, struct lease_bound_note *note)
{
	*note = (struct lease_bound_note){.epoch_ms = UINT64_MAX};
	if (!note_read_number(value, "bound_ms", &note->bound_ms))
		return false;
	if (!note_read_number(value, "epoch", &note->epoch_ms))
		note->epoch_ms = UINT64_MAX;
	if (!lease_note_member(value, "instance", note->instance, sizeof(note->instance)))
		note->instance[0] = '\0';
	return true;
}

void
lease_note_read_retired(const char *value, struct lease_retired_note *note)
{
	char time[NOTE_MEMBER_SIZE];

	*note = (struct lease_retired_note){0};
	if (!lease_note_member(value, "hostname", note->hostname, sizeof(note->hostname)))
		note->hostname[0] = '\0';
	if (!lease_note_member(value, "reuse_after", time, sizeof(time)) ||
	    !lease_note_read_time(time, &note->reuse_after_ms))
		note->reuse_after_ms = 0;
}

/* Fractions of a second are ignored, and a missing zone is UTC. */
bool
lease_note_read_time(const char *text, uint64_t *unix_ms)
{
	struct tm utc = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
	time_t seconds;

	if (end == NULL || (*end != '\0' && *end != 'Z' && *end != '.' && *end != '+'))
		return false;
	seconds = timegm(&utc);
	if (seconds < 0)
		return false;
	*unix_ms = (uint64_t)seconds * 1000;
	return true;
}

void
lease_note_add_holder(struct text *text, const char *value)
{
	static const struct {
		const char *words, *name;
	} facts[] = {{"", "hostname"},
		     {" at ", "ip"},
		     {", port ", "port"},
		     {", started at ", "started_at"}};
	char member[NOTE_MEMBER_SIZE];
	bool is_known = false;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (!lease_note_member(value, facts[i].name, member, sizeof(member)))
			continue;
		text_add(text, facts[i].words);
		text_add_cut(text, member, 100);
		is_known = true;
	}
	if (!is_known)
		text_add(text, "a server that does not name itself");
}
