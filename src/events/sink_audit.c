/*
 * DESIGN. A file belongs to one hour and one maker. A record of a later hour or of another worker ends the file. Records of
 * several loops arrive a few milliseconds out of order, so a record of an earlier hour stays in the present file.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "events/audit_file.h"
#include "events/audit_line.h"
#include "events/gzip.h"
#include "events/sink_audit.h"
#include "metrics/metrics.h"

#define SINK_AUDIT_RETRY_MS	1000
#define SINK_AUDIT_LATE_MS	5000	  /* how long after its hour a file may still get records */
#define SINK_AUDIT_MEMBER_BYTES (1 << 20) /* a longer member is written before its time */
#define SINK_AUDIT_PIECE	65536 /* bytes of lines that are packed together, because that is faster */
#define SINK_AUDIT_LEAST_ROOM	65536 /* bytes below the limit, to begin again */
#define SINK_AUDIT_REASON_SIZE	256

struct sink_audit {
	struct sink_audit_settings settings;
	struct audit_file *file;  /* NULL: none is open */
	struct audit_maker maker; /* of FILE */
	uint64_t hour;		  /* of FILE */
	struct audit_line line;
	struct gzip_member *member; /* NULL: required */
	uint64_t member_began_ms;   /* by clock_ms() */
	uint64_t pending;	    /* records that are not in FILE yet */
	uint64_t lost;		    /* records, since the sink failed */
	uint64_t next_try_ms;	    /* while it fails */
	char *lines;		    /* that wait for MEMBER; required: of one write */
	size_t lines_len;
	size_t lines_size;

	atomic_bool works;
	struct {
		pthread_mutex_t mutex;
		char reason[SINK_AUDIT_REASON_SIZE]; /* of the last failure; "": none */
	} shared;
};

/* --- failures --------------------------------------------------------------------------------------- */

static void
sink_audit_lose(struct sink_audit *audit, uint64_t count)
{
	audit->lost += count;
	metrics_add(METRIC_AUDIT_RECORDS_LOST, count);
}

static void
sink_audit_explain(const struct sink_audit *audit, int error, struct text *reason)
{
	if (error == EDQUOT || error == ENOSPC || error == EFBIG)
		text_addf(reason, "the disk of the audit folder is full: %s (TICKR_AUDIT_DIR)",
			  strerror(error));
	else if (error == ERANGE)
		text_addf(reason,
			  "the audit folder holds %" PRIu64
			  " bytes, and TICKR_AUDIT_MOST is %" PRIu64,
			  spool_bytes(audit->settings.spool), spool_most(audit->settings.spool));
	else if (error == ENOENT)
		text_add(reason, "the audit folder was removed: make it again, and restart tickrd "
				 "(TICKR_AUDIT_DIR)");
	else
		text_addf(reason, "the audit folder cannot be written: %s (TICKR_AUDIT_DIR)",
			  strerror(error));
}

/* Records cannot be written, because of ERROR; ERANGE: the limit is reached. */
static void
sink_audit_fail(struct sink_audit *audit, int error)
{
	char memory[SINK_AUDIT_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	bool worked = atomic_exchange(&audit->works, false);

	sink_audit_explain(audit, error, &reason);
	pthread_mutex_lock(&audit->shared.mutex);
	memcpy(audit->shared.reason, memory, sizeof(memory));
	pthread_mutex_unlock(&audit->shared.mutex);
	audit->next_try_ms = clock_ms() + SINK_AUDIT_RETRY_MS;
	sink_audit_lose(audit, audit->pending);
	audit->pending = 0;
	metrics_set(METRIC_AUDIT_WORKS, 0);
	if (worked)
		log_error("cannot write audit records", LOG_TEXT("reason", memory),
			  LOG_WORD("required", audit->settings.is_required ? "yes" : "no"));
}

/* End the file, so that the keeper can take it. */
static void
sink_audit_end_file(struct sink_audit *audit)
{
	if (audit->file == NULL)
		return;
	if (!audit_file_end(audit->file))
		log_warn("cannot finish an audit file", LOG_TEXT("reason", strerror(errno)));
	audit->file = NULL;
	audit->settings.finished(audit->settings.arg);
}

/* --- appending -------------------------------------------------------------------------------------- */

static bool
sink_audit_begin_file(struct sink_audit *audit)
{
	enum audit_kind kind = audit->settings.is_required ? AUDIT_JOURNAL : AUDIT_PART;

	audit->file = audit_file_new(audit->settings.spool, kind, &audit->maker, audit->hour);
	return audit->file != NULL;
}

/* Append BYTES, which hold the pending records. */
static bool
sink_audit_append(struct sink_audit *audit, const void *bytes, size_t len)
{
	if (!spool_has_room(audit->settings.spool, len)) {
		errno = ERANGE;
	} else if ((audit->file != NULL || sink_audit_begin_file(audit)) &&
		   audit_file_append(audit->file, bytes, len)) {
		metrics_add(METRIC_AUDIT_RECORDS, audit->pending);
		audit->pending = 0;
		if (audit_file_len(audit->file) >= audit->settings.file_bytes)
			sink_audit_end_file(audit);
		return true;
	}
	sink_audit_fail(audit, errno);
	sink_audit_end_file(audit);
	return false;
}

static void
sink_audit_pack(struct sink_audit *audit)
{
	gzip_member_add(audit->member, audit->lines, audit->lines_len);
	audit->lines_len = 0;
}

/* Write the pending records to the file. */
static bool
sink_audit_flush(struct sink_audit *audit)
{
	size_t len = audit->lines_len;
	const void *bytes = audit->lines;

	if (audit->member != NULL) {
		sink_audit_pack(audit);
		bytes = gzip_member_end(audit->member, &len);
	}
	audit->lines_len = 0;
	return len == 0 || sink_audit_append(audit, bytes, len);
}

static void
sink_audit_add(struct sink_audit *audit, const struct event_record *record)
{
	if (audit->lines_size - audit->lines_len < AUDIT_LINE_SIZE) {
		audit->lines_size = 2 * audit->lines_size + SINK_AUDIT_PIECE + AUDIT_LINE_SIZE;
		audit->lines = xrealloc(audit->lines, audit->lines_size);
	}
	audit->lines_len += audit_line_write(&audit->line, record, audit->lines + audit->lines_len);
	if (audit->pending++ == 0)
		audit->member_began_ms = clock_ms();
	if (audit->member != NULL && audit->lines_len >= SINK_AUDIT_PIECE)
		sink_audit_pack(audit);
}

/* End the file unless RECORD belongs into it. */
static bool
sink_audit_turn(struct sink_audit *audit, const struct event_record *record)
{
	uint64_t hour = record->time_ms / AUDIT_HOUR_MS;
	struct audit_maker maker = {record->has_worker, audit->settings.maker.node,
				    record->datacenter, record->worker};
	bool is_other = record->has_worker && !audit_maker_equals(&maker, &audit->maker);

	if (hour <= audit->hour && !is_other)
		return true;
	if (audit->pending > 0 && !sink_audit_flush(audit))
		return false;
	sink_audit_end_file(audit);
	if (hour > audit->hour)
		audit->hour = hour;
	if (is_other) {
		audit->maker = maker;
		if (audit->settings.epoch_ms != NULL)
			audit->line.epoch_ms = audit->settings.epoch_ms(audit->settings.epoch_arg);
	}
	return true;
}

static bool
sink_audit_write(void *self, const struct event_record *const *records, size_t count)
{
	struct sink_audit *audit = self;

	for (size_t i = 0; i < count; i++) {
		if (!atomic_load(&audit->works) || !sink_audit_turn(audit, records[i])) {
			sink_audit_lose(audit, count - i);
			return false;
		}
		sink_audit_add(audit, records[i]);
		if (audit->member != NULL &&
		    gzip_member_len(audit->member) >= SINK_AUDIT_MEMBER_BYTES &&
		    !sink_audit_flush(audit)) {
			sink_audit_lose(audit, count - i - 1);
			return false;
		}
	}
	return !audit->settings.is_required || sink_audit_flush(audit);
}

/* --- time ------------------------------------------------------------------------------------------- */

/* Try to write again: there must be room for a file. */
static void
sink_audit_retry(struct sink_audit *audit, uint64_t now_ms)
{
	if (now_ms < audit->next_try_ms)
		return;
	if (!spool_has_room(audit->settings.spool, SINK_AUDIT_LEAST_ROOM)) {
		sink_audit_fail(audit, ERANGE);
		return;
	}
	if (!sink_audit_begin_file(audit)) {
		sink_audit_fail(audit, errno);
		return;
	}
	atomic_store(&audit->works, true);
	metrics_set(METRIC_AUDIT_WORKS, 1);
	log_info("audit records are written again", LOG_NUMBER("lost", audit->lost));
	audit->lost = 0;
}

/* The clock was set to an earlier hour: end the file, which would wait for its hour to come again. */
static void
sink_audit_follow_clock(struct sink_audit *audit)
{
	uint64_t hour = audit->settings.utc_ms() / AUDIT_HOUR_MS;

	if (hour >= audit->hour)
		return;
	if (audit->pending > 0)
		(void)!sink_audit_flush(audit);
	sink_audit_end_file(audit);
	audit->hour = hour;
}

static void
sink_audit_tick(void *self, uint64_t now_ms)
{
	struct sink_audit *audit = self;

	if (!atomic_load(&audit->works)) {
		sink_audit_retry(audit, now_ms);
		return;
	}
	if (audit->pending > 0 && now_ms >= audit->member_began_ms + audit->settings.member_ms)
		(void)!sink_audit_flush(audit);
	sink_audit_follow_clock(audit);
	if (audit->file != NULL && audit->pending == 0 &&
	    audit->settings.utc_ms() >= (audit->hour + 1) * AUDIT_HOUR_MS + SINK_AUDIT_LATE_MS)
		sink_audit_end_file(audit);
}

static void
sink_audit_end(void *self, uint64_t deadline_ms)
{
	struct sink_audit *audit = self;

	(void)deadline_ms;
	if (audit->pending > 0)
		(void)!sink_audit_flush(audit);
	sink_audit_end_file(audit);
}

/* --- birth and death -------------------------------------------------------------------------------- */

static bool
sink_audit_status(void *self, struct text *problem)
{
	struct sink_audit *audit = self;

	if (atomic_load(&audit->works))
		return true;
	pthread_mutex_lock(&audit->shared.mutex);
	text_add(problem, audit->shared.reason);
	pthread_mutex_unlock(&audit->shared.mutex);
	return false;
}

static void
sink_audit_tally(void *self, struct event_tally *tally)
{
	struct sink_audit *audit = self;
	char memory[SINK_AUDIT_REASON_SIZE];
	struct text problem = TEXT_OVER(memory);

	tally->sent = metrics_get(METRIC_AUDIT_RECORDS);
	tally->dropped = metrics_get(METRIC_AUDIT_RECORDS_LOST);
	pthread_mutex_lock(&audit->shared.mutex);
	text_add(tally->last_error, audit->shared.reason);
	pthread_mutex_unlock(&audit->shared.mutex);
	if (audit->settings.uploads(audit->settings.arg, &problem))
		return;
	text_addf(tally->last_error, "%scannot upload an audit file: %s",
		  tally->last_error->len > 0 ? "; " : "", memory);
}

static void
sink_audit_free(void *self)
{
	struct sink_audit *audit = self;

	gzip_member_free(audit->member);
	pthread_mutex_destroy(&audit->shared.mutex);
	free(audit->lines);
	free(audit);
}

static const struct event_sink_type sink_audit_type = {
	.name = "audit",
	.write = sink_audit_write,
	.tick = sink_audit_tick,
	.end = sink_audit_end,
	.status = sink_audit_status,
	.tally = sink_audit_tally,
	.free = sink_audit_free,
};

struct event_sink
sink_audit_new(const struct sink_audit_settings *settings)
{
	struct sink_audit *audit = xcalloc(1, sizeof(*audit));

	audit->settings = *settings;
	audit->maker = settings->maker;
	audit->hour = settings->utc_ms() / AUDIT_HOUR_MS;
	audit_line_begin(&audit->line, spool_instance(settings->spool), 0);
	if (!settings->is_required)
		audit->member = gzip_member_new();
	pthread_mutex_init(&audit->shared.mutex, NULL);
	atomic_store(&audit->works, true);
	metrics_set(METRIC_AUDIT_WORKS, 1);
	return (struct event_sink){&sink_audit_type, audit, settings->is_required};
}
