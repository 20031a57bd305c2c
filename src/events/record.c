#include <assert.h>
#include <string.h>

#include "events/record.h"

static const uint8_t record_most[EVENT_TEXTS] = {
	[EVENT_STORE] = 64, [EVENT_SEQUENCE] = 128, [EVENT_REQUEST_ID] = 64,
	[EVENT_AGENT] = 64, [EVENT_WORDS] = 104,
};

_Static_assert(64 + 128 + 64 + 64 + 104 <= sizeof(((struct event_record *)NULL)->text),
	       "all texts fit together");

static const char *const record_kinds[EVENT_KINDS] = {
	[EVENT_REQUEST] = "request", [EVENT_DRIFT] = "drift",	  [EVENT_OVERFLOW] = "overflow",
	[EVENT_BREAKER] = "breaker", [EVENT_REFUSAL] = "refusal",
};

void
event_record_begin(struct event_record *record, enum event_kind kind, uint64_t time_ms)
{
	/* The texts need no zeros: only bytes that were set are read. */
	memset(record, 0, offsetof(struct event_record, text));
	record->kind = (uint8_t)kind;
	record->time_ms = time_ms;
}

/* Return at most MOST bytes of LEN that do not end within a letter of UTF-8. */
static size_t
record_cut(const char *bytes, size_t len, size_t most)
{
	if (len <= most)
		return len;
	len = most;
	while (len > 0 && ((unsigned char)bytes[len] & 0xC0) == 0x80)
		len--;
	return len;
}

void
event_record_set(struct event_record *record, enum event_text which, const char *bytes, size_t len)
{
	size_t before = 0;

	for (unsigned i = 0; i < (unsigned)which; i++)
		before += record->lens[i];
	for (unsigned i = (unsigned)which; i < EVENT_TEXTS; i++)
		assert(record->lens[i] == 0); /* a text after this one would move */
	len = record_cut(bytes, len, record_most[which]);
	memcpy(record->text + before, bytes, len);
	record->lens[which] = (uint8_t)len;
}

const char *
event_record_text(const struct event_record *record, enum event_text which, size_t *len)
{
	size_t before = 0;

	for (unsigned i = 0; i < (unsigned)which; i++)
		before += record->lens[i];
	*len = record->lens[which];
	return record->text + before;
}

size_t
event_text_most(enum event_text which)
{
	return record_most[which];
}

const char *
event_kind_name(enum event_kind kind)
{
	return record_kinds[kind];
}

uint64_t
event_ids_last(const struct event_ids *ids)
{
	return ids->count == 0 ? ids->first : ids->first + ids->increment * (ids->count - 1);
}
