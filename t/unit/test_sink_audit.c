#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "events/audit_line.h"
#include "events/gzip.h"
#include "events/sink_audit.h"
#include "events/spool.h"
#include "folder_kit.h"

#define HOUR	UINT64_C(473419)
#define HOUR_MS (HOUR * AUDIT_HOUR_MS)

static uint64_t day_ms = HOUR_MS;
static unsigned finished;

static uint64_t
utc_ms(void)
{
	return day_ms;
}

static void
on_finished(void *arg)
{
	(void)arg;
	finished++;
}

static bool
always_uploads(void *arg, struct text *problem)
{
	(void)arg;
	(void)problem;
	return true;
}

TestSuite(sink_audit, .init = folder_begin, .fini = folder_end);

static struct spool *
open_spool(uint64_t most)
{
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	struct spool *spool = spool_open(folder, most, &problem);

	cr_assert_not_null(spool, "%s", memory);
	return spool;
}

static struct event_sink
new_sink(struct spool *spool, bool is_required)
{
	const struct sink_audit_settings settings = {
		.spool = spool,
		.is_required = is_required,
		.maker = {.node = 1},
		.member_ms = 1000,
		.file_bytes = 1 << 20,
		.utc_ms = utc_ms,
		.finished = on_finished,
		.uploads = always_uploads,
	};

	return sink_audit_new(&settings);
}

static bool
write_request(const struct event_sink *sink, uint64_t time_ms, uint64_t first, int worker)
{
	struct event_record record;
	const struct event_record *records[] = {&record};

	event_record_begin(&record, EVENT_REQUEST, time_ms);
	record.ids = (struct event_ids){.first = first, .increment = 1, .count = 1, .status = 200};
	record.has_worker = worker >= 0;
	record.worker = worker >= 0 ? (uint16_t)worker : 0;
	return sink->type->write(sink->self, records, 1);
}

static size_t
count_files(struct spool *spool, enum audit_kind kind)
{
	size_t count;

	free(spool_list(spool, kind, &count));
	return count;
}

static bool
count_line(void *arg, const char *line, size_t len)
{
	(void)line;
	(void)len;
	++*(unsigned *)arg;
	return true;
}

/* Count the lines of all files of KIND. */
static unsigned
count_lines(struct spool *spool, enum audit_kind kind)
{
	size_t count;
	struct audit_name *names = spool_list(spool, kind, &count);
	unsigned lines = 0;

	for (size_t i = 0; i < count; i++) {
		bool is_packed = kind == AUDIT_PART || kind == AUDIT_FINISHED;
		struct gzip_lines *reader = gzip_lines_new(is_packed, count_line, &lines);
		static char bytes[2 << 20];
		char memory[128];
		struct text problem = TEXT_OVER(memory);
		int fd = spool_open_file(spool, &names[i], kind, O_RDONLY);
		ssize_t got = read(fd, bytes, sizeof(bytes));

		cr_assert_geq(got, 0);
		cr_assert(gzip_lines_add(reader, bytes, (size_t)got, &problem));
		gzip_lines_free(reader);
		close(fd);
	}
	free(names);
	return lines;
}

Test(sink_audit, lines_become_a_member_after_their_time)
{
	struct spool *spool = open_spool(1 << 20);
	struct event_sink sink = new_sink(spool, false);
	uint64_t now_ms = clock_ms();

	cr_assert(write_request(&sink, HOUR_MS, 1, -1));
	cr_assert(write_request(&sink, HOUR_MS, 2, -1));
	sink.type->tick(sink.self, now_ms);
	cr_assert_eq(count_files(spool, AUDIT_PART), 0);
	sink.type->tick(sink.self, now_ms + 2000);
	cr_assert_eq(count_lines(spool, AUDIT_PART), 2);
	cr_assert(write_request(&sink, HOUR_MS, 3, -1));
	sink.type->end(sink.self, now_ms);
	cr_assert_eq(count_files(spool, AUDIT_PART), 0);
	cr_assert_eq(count_lines(spool, AUDIT_FINISHED), 3);
	sink.type->free(sink.self);
	spool_close(spool);
}

Test(sink_audit, required_lines_are_in_the_journal_when_the_write_returns)
{
	struct spool *spool = open_spool(1 << 20);
	struct event_sink sink = new_sink(spool, true);

	for (uint64_t id = 1; id <= 10; id++) {
		cr_assert(write_request(&sink, HOUR_MS, id, -1));
		cr_assert_eq(count_lines(spool, AUDIT_JOURNAL), id);
	}
	sink.type->end(sink.self, 0);
	cr_assert_eq(count_lines(spool, AUDIT_LINES), 10);
	sink.type->free(sink.self);
	spool_close(spool);
}

Test(sink_audit, a_later_hour_or_another_worker_begins_a_file)
{
	struct spool *spool = open_spool(1 << 20);
	struct event_sink sink = new_sink(spool, false);

	cr_assert(write_request(&sink, HOUR_MS, 1, 5));
	cr_assert(write_request(&sink, HOUR_MS + AUDIT_HOUR_MS, 2, 5));
	cr_assert(write_request(&sink, HOUR_MS + AUDIT_HOUR_MS - 1, 3, 5)); /* late */
	cr_assert(write_request(&sink, HOUR_MS + AUDIT_HOUR_MS, 4, 6));
	cr_assert(write_request(&sink, HOUR_MS + AUDIT_HOUR_MS, 5,
				-1)); /* a failure before its worker is known */
	sink.type->end(sink.self, 0);
	cr_assert_eq(count_files(spool, AUDIT_FINISHED), 3);
	cr_assert_eq(count_lines(spool, AUDIT_FINISHED), 5);
	sink.type->free(sink.self);
	spool_close(spool);
}

Test(sink_audit, an_hour_without_requests_ends_its_file)
{
	struct spool *spool = open_spool(1 << 20);
	struct event_sink sink = new_sink(spool, true);

	cr_assert(write_request(&sink, HOUR_MS, 1, -1));
	sink.type->tick(sink.self, clock_ms());
	cr_assert_eq(count_files(spool, AUDIT_JOURNAL), 1);
	day_ms += AUDIT_HOUR_MS + 6000;
	finished = 0;
	sink.type->tick(sink.self, clock_ms());
	cr_assert_eq(count_files(spool, AUDIT_LINES), 1);
	cr_assert_eq(finished, 1);
	sink.type->end(sink.self, 0);
	sink.type->free(sink.self);
	spool_close(spool);
}

Test(sink_audit, a_clock_that_goes_back_ends_the_file)
{
	struct spool *spool = open_spool(1 << 20);
	struct event_sink sink = new_sink(spool, false);
	struct audit_name *names;
	size_t count;

	day_ms += 1000 * AUDIT_HOUR_MS;
	cr_assert(write_request(&sink, day_ms, 1, -1));
	day_ms -= 1000 * AUDIT_HOUR_MS;
	sink.type->tick(sink.self, clock_ms());
	cr_assert_eq(count_files(spool, AUDIT_FINISHED), 1, "it does not wait for that hour");
	cr_assert(write_request(&sink, day_ms, 2, -1));
	sink.type->end(sink.self, 0);
	names = spool_list(spool, AUDIT_FINISHED, &count);
	cr_assert_eq(count, 2);
	cr_assert_eq(names[0].hour, day_ms / AUDIT_HOUR_MS);
	free(names);
	cr_assert_eq(count_lines(spool, AUDIT_FINISHED), 2);
	sink.type->free(sink.self);
	spool_close(spool);
}

Test(sink_audit, a_file_that_is_long_enough_is_ended)
{
	struct spool *spool = open_spool(16 << 20);
	struct event_sink sink = new_sink(spool, true); /* with files of 1 MiB */
	size_t ended;

	for (unsigned i = 0; i < 6000; i++)
		cr_assert(write_request(&sink, day_ms, i + 1, -1));
	ended = count_files(spool, AUDIT_LINES);
	cr_assert_geq(ended, 2);
	sink.type->end(sink.self, 0);
	cr_assert_eq(count_files(spool, AUDIT_LINES), ended + 1);
	cr_assert_leq(spool_bytes(spool), (ended + 1) * ((1 << 20) + AUDIT_LINE_SIZE));
	cr_assert_eq(count_lines(spool, AUDIT_LINES), 6000);
	sink.type->free(sink.self);
	spool_close(spool);
}

/* The oldest files stay. New records are lost, which a required audit says of each write. */
Test(sink_audit, a_full_spool_loses_new_records_until_there_is_room)
{
	struct spool *spool = open_spool(100000);
	struct event_sink sink = new_sink(spool, true);
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	uint64_t id = 0;
	struct audit_name *names;
	unsigned kept;
	size_t count;

	while (write_request(&sink, HOUR_MS, ++id, -1))
		cr_assert_lt(id, 10000);
	kept = count_lines(spool, AUDIT_LINES);
	cr_assert_eq(kept, id - 1);
	cr_assert(!sink.type->status(sink.self, &problem));
	cr_assert_not_null(strstr(memory, "TICKR_AUDIT_MOST is 100000"), "%s", memory);
	cr_assert(!write_request(&sink, HOUR_MS, id, -1));
	sink.type->tick(sink.self, clock_ms() + 60000);
	cr_assert(!sink.type->status(sink.self, &problem));

	names = spool_list(spool, AUDIT_LINES, &count);
	cr_assert_eq(count, 1);
	cr_assert(spool_remove(spool, &names[0], AUDIT_LINES));
	free(names);
	sink.type->tick(sink.self, clock_ms() + 120000);
	cr_assert(sink.type->status(sink.self, &problem));
	cr_assert(write_request(&sink, HOUR_MS, id, -1));
	sink.type->end(sink.self, 0);
	cr_assert_eq(count_lines(spool, AUDIT_LINES), 1);
	sink.type->free(sink.self);
	spool_close(spool);
}
