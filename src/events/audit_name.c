#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "events/audit_name.h"

static const char *const audit_name_endings[AUDIT_KINDS] = {
	[AUDIT_FINISHED] = ".json.gz", [AUDIT_PART] = ".part",	 [AUDIT_TORN] = ".torn",
	[AUDIT_JOURNAL] = ".journal",  [AUDIT_LINES] = ".lines", [AUDIT_PACKING] = ".packing",
};

static struct tm
audit_name_utc(uint64_t hour)
{
	time_t seconds = (time_t)(hour * 3600);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	return utc;
}

void
audit_name_add(const struct audit_name *name, enum audit_kind kind, struct text *text)
{
	struct tm utc = audit_name_utc(name->hour);
	char hour[16];

	strftime(hour, sizeof(hour), "%Y%m%d_%H", &utc);
	if (name->maker.has_worker)
		text_addf(text, "dc%u_worker%u", name->maker.datacenter, name->maker.worker);
	else
		text_addf(text, "node%" PRIu64, name->maker.node);
	text_addf(text, "_%s_%s_%" PRIu64 "%s", hour, name->instance, name->number,
		  audit_name_endings[kind]);
}

void
audit_name_add_folder(uint64_t hour, struct text *text)
{
	struct tm utc = audit_name_utc(hour);
	char folder[64];

	strftime(folder, sizeof(folder), "year=%Y/month=%m/day=%d/hour=%H/", &utc);
	text_add(text, folder);
}

void
audit_name_add_key(const struct audit_name *name, struct text *text)
{
	audit_name_add_folder(name->hour, text);
	audit_name_add(name, AUDIT_FINISHED, text);
}

/* --- reading ---------------------------------------------------------------------------------------- */

/* Move *AT past WORD, if it is there. */
static bool
audit_name_skip(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

/* Read digits, at most MOST. */
static bool
audit_name_read_number(const char **at, uint64_t most, uint64_t *number)
{
	size_t len = strspn(*at, "0123456789");

	if (len == 0 || !parse_number(*at, len, most, number))
		return false;
	*at += len;
	return true;
}

static bool
audit_name_read_maker(const char **at, struct audit_maker *maker)
{
	uint64_t datacenter, worker;

	memset(maker, 0, sizeof(*maker));
	if (audit_name_skip(at, "node"))
		return audit_name_read_number(at, UINT64_MAX, &maker->node);
	if (!audit_name_skip(at, "dc") || !audit_name_read_number(at, UINT16_MAX, &datacenter) ||
	    !audit_name_skip(at, "_worker") || !audit_name_read_number(at, UINT16_MAX, &worker))
		return false;
	maker->has_worker = true;
	maker->datacenter = (unsigned)datacenter;
	maker->worker = (unsigned)worker;
	return true;
}

/* Turn a time in UTC into hours. Reading FORMAT must use all of TEXT. */
static bool
audit_name_read_time(const char *text, const char *format, uint64_t *hour)
{
	struct tm utc = {0};
	const char *end = strptime(text, format, &utc);
	time_t seconds;

	if (end == NULL || *end != '\0')
		return false;
	seconds = timegm(&utc);
	if (seconds < 0)
		return false;
	*hour = (uint64_t)seconds / 3600;
	return true;
}

static bool
audit_name_read_hour(const char **at, uint64_t *hour)
{
	char text[sizeof("20240103_19")];

	if (strspn(*at, "0123456789") != 8 || (*at)[8] != '_' || strspn(*at + 9, "0123456789") != 2)
		return false;
	memcpy(text, *at, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	*at += sizeof(text) - 1;
	return audit_name_read_time(text, "%Y%m%d_%H", hour);
}

static bool
audit_name_read_instance(const char **at, char instance[AUDIT_INSTANCE_SIZE])
{
	if (strspn(*at, "0123456789abcdef") != AUDIT_INSTANCE_LEN)
		return false;
	memcpy(instance, *at, AUDIT_INSTANCE_LEN);
	instance[AUDIT_INSTANCE_LEN] = '\0';
	*at += AUDIT_INSTANCE_LEN;
	return true;
}

bool
audit_name_read(const char *file, struct audit_name *name, enum audit_kind *kind)
{
	const char *at = file;

	if (!audit_name_read_maker(&at, &name->maker) || !audit_name_skip(&at, "_") ||
	    !audit_name_read_hour(&at, &name->hour) || !audit_name_skip(&at, "_") ||
	    !audit_name_read_instance(&at, name->instance) || !audit_name_skip(&at, "_") ||
	    !audit_name_read_number(&at, UINT64_MAX, &name->number))
		return false;
	for (*kind = 0; *kind < AUDIT_KINDS; (*kind)++)
		if (strcmp(at, audit_name_endings[*kind]) == 0)
			return true;
	return false;
}

bool
audit_maker_equals(const struct audit_maker *one, const struct audit_maker *other)
{
	if (one->has_worker != other->has_worker)
		return false;
	return one->has_worker
		       ? one->datacenter == other->datacenter && one->worker == other->worker
		       : one->node == other->node;
}

bool
audit_name_parse_hour(const char *text, uint64_t *hour)
{
	return strlen(text) == strlen("2024-01-03T19") &&
	       audit_name_read_time(text, "%Y-%m-%dT%H", hour);
}
