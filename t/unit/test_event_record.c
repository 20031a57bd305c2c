#include <string.h>

#include <criterion/criterion.h>

#include "events/record.h"

static bool
text_is(const struct event_record *record, enum event_text which, const char *wanted)
{
	size_t len;
	const char *text = event_record_text(record, which, &len);

	return len == strlen(wanted) && memcmp(text, wanted, len) == 0;
}

Test(event_record, keeps_its_texts)
{
	struct event_record record;

	memset(&record, 0xFF, sizeof(record)); /* a place of the ring has old bytes */
	event_record_begin(&record, EVENT_REQUEST, 1704310200123);
	event_record_set(&record, EVENT_SEQUENCE, "orders", 6);
	event_record_set(&record, EVENT_AGENT, "curl/8", 6);
	cr_assert_eq(record.time_ms, 1704310200123);
	cr_assert_eq(record.kind, EVENT_REQUEST);
	cr_assert_eq(record.ids.count, 0);
	cr_assert_null(record.wait);
	cr_assert(text_is(&record, EVENT_STORE, ""));
	cr_assert(text_is(&record, EVENT_SEQUENCE, "orders"));
	cr_assert(text_is(&record, EVENT_REQUEST_ID, ""));
	cr_assert(text_is(&record, EVENT_AGENT, "curl/8"));
	cr_assert(text_is(&record, EVENT_WORDS, ""));
}

Test(event_record, has_room_for_all_texts)
{
	struct event_record record;
	char letters[300];

	event_record_begin(&record, EVENT_REQUEST, 1);
	for (unsigned i = 0; i < EVENT_TEXTS; i++) {
		memset(letters, 'a' + (int)i, sizeof(letters));
		event_record_set(&record, (enum event_text)i, letters, sizeof(letters));
	}
	for (unsigned i = 0; i < EVENT_TEXTS; i++) {
		size_t len;
		const char *text = event_record_text(&record, (enum event_text)i, &len);

		cr_assert_eq(len, event_text_most((enum event_text)i));
		for (size_t j = 0; j < len; j++)
			cr_assert_eq(text[j], 'a' + (int)i);
	}
}

Test(event_record, cuts_at_the_end_of_a_letter)
{
	struct event_record record;
	char letters[200];
	size_t len;

	for (size_t i = 0; i < sizeof(letters); i += 2)
		memcpy(letters + i, "ü", 2);
	event_record_begin(&record, EVENT_REQUEST, 1);
	event_record_set(&record, EVENT_WORDS, letters + 1, sizeof(letters) - 1);
	(void)event_record_text(&record, EVENT_WORDS, &len);
	cr_assert_eq(len, event_text_most(EVENT_WORDS) - 1);
}

Test(event_record, knows_the_last_id)
{
	cr_assert_eq(event_ids_last(&(struct event_ids){.first = 7}), 7);
	cr_assert_eq(event_ids_last(&(struct event_ids){.first = 7, .increment = 5, .count = 1}),
		     7);
	cr_assert_eq(event_ids_last(&(struct event_ids){.first = 7, .increment = 5, .count = 3}),
		     17);
}

Test(event_record, names_each_kind)
{
	for (unsigned i = 0; i < EVENT_KINDS; i++)
		cr_assert_gt(strlen(event_kind_name((enum event_kind)i)), 3);
}
