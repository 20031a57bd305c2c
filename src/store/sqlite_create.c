#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "sql.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/pinned.h"
#include "store/sqlite_create.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_sequences.h"
#include "store/sqlite_usable.h"

#define REASON_ROOM 512

static enum store_create_result
report_failure(const char *reason, struct text *report)
{
	text_addf(report, "%s\n", reason);
	return STORE_NOT_CREATED;
}

static void
report_creation(const struct store_settings *settings, struct text *report)
{
	text_addf(report, "database file %s: created\ntable `tickets`: created\nsettings: pinned (",
		  sqlite_path(settings));
	pinned_describe(&settings->space, report);
	text_add(report, ")\nidentity: made\ntable `tickr_sequences`: created\n");
}

static bool
run_all(struct store_session *session, const char *const *scripts, unsigned count,
	struct text *reason)
{
	for (unsigned i = 0; i < count; i++)
		if (sqlite_run(session, scripts[i], reason) != STORE_OK)
			return false;
	return true;
}

static bool
choose_identity(struct store_session *session, struct text *reason)
{
	if (random_id(session->identity))
		return true;
	text_addf(reason, "the kernel has no random numbers for an identity: %s", strerror(errno));
	return false;
}

/* --- a file that is there -------------------------------------------------------------------------- */

/* A database that was made before there were identities gets one; nothing else of it is changed. */
static bool
add_identity(struct store_session *session, struct text *reason)
{
	static const char *const scripts[] = {"BEGIN IMMEDIATE", sql_sqlite_identity, "COMMIT"};
	bool is_empty;

	return choose_identity(session, reason) &&
	       run_all(session, scripts, ARRAY_LENGTH(scripts), reason) &&
	       sqlite_schema_check(session, &is_empty, reason) == STORE_OK &&
	       session->identity[0] != '\0';
}

/* *WAS_THERE: the table of named sequences, and fit. */
static bool
add_sequences(struct store_session *session, const struct create_order *order, bool *was_there,
	      struct text *report)
{
	static const char *const scripts[] = {"BEGIN IMMEDIATE", sql_sqlite_sequences, "COMMIT"};
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);

	if (sqlite_sequences_check_table(session, was_there, &reason) == STORE_OK &&
	    (*was_there ? sqlite_sequences_check_clock(session, &reason) == STORE_OK
			: !order->with_sequences ||
				  run_all(session, scripts, ARRAY_LENGTH(scripts), &reason)))
		return true;
	text_addf(report, "%s\n", memory);
	return false;
}

static const char *
name_sequences(bool was_there, bool with_sequences)
{
	if (was_there)
		return "found";
	return with_sequences ? "created"
			      : "none; for named sequences run tickrd createdb --sequences";
}

static enum store_create_result
report_found(struct store_session *session, const struct create_order *order, struct text *report)
{
	bool has_identity = session->identity[0] != '\0', adds_identity = !has_identity;
	bool has_sequences, found;
	uint64_t stands = 0;

	if (sqlite_numbers(session, "SELECT id FROM tickets", &stands, 1, &found, report) !=
	    STORE_OK)
		return report_failure("", report);
	if (stands < order->newest) {
		pinned_explain_behind(&session->settings->space, stands, order->newest, report);
		return report_failure("", report);
	}
	if (!add_sequences(session, order, &has_sequences, report))
		return STORE_NOT_CREATED;
	adds_identity = adds_identity && !order->with_sequences;
	if (adds_identity && !add_identity(session, report))
		return report_failure("; the identity could not be made", report);
	text_addf(report,
		  "database file %s: found\ntable `tickets`: found\n"
		  "settings: found, and they are the same\nidentity: %s\n"
		  "table `tickr_sequences`: %s\n",
		  sqlite_path(session->settings),
		  has_identity	  ? "found"
		  : adds_identity ? "made"
				  : "none",
		  name_sequences(has_sequences, order->with_sequences));
	return adds_identity || (order->with_sequences && !has_sequences) ? STORE_CREATED
									  : STORE_EXISTED;
}

/* --- the whole --------------------------------------------------------------------------------- */

/*
 * All of it or nothing: it is one transaction, so there is no half-made file. A createdb that
 * is killed before its end leaves an empty file.
 */
static enum store_create_result
make(struct store_session *session, uint64_t newest, struct text *report)
{
	char stand[64];
	const char *const scripts[] = {
		"PRAGMA journal_mode = WAL", "BEGIN IMMEDIATE",	  sql_sqlite_tickets,	stand,
		sql_sqlite_settings,	     sql_sqlite_identity, sql_sqlite_sequences, "COMMIT",
	};
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);

	snprintf(stand, sizeof(stand), "UPDATE tickets SET id = %" PRIu64, newest);
	if (!choose_identity(session, &reason) ||
	    !run_all(session, scripts, ARRAY_LENGTH(scripts), &reason))
		return report_failure(memory, report);
	report_creation(session->settings, report);
	return STORE_CREATED;
}

static enum store_create_result
create(const struct store_settings *settings, const struct create_order *order, struct text *report)
{
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	struct store_session session;
	enum store_create_result created;
	bool is_empty = false;

	if (sqlite_connect(&session, settings, true, &reason) != STORE_OK)
		created = report_failure(memory, report);
	else if (sqlite_schema_check(&session, &is_empty, &reason) == STORE_OK)
		created = report_found(&session, order, report);
	else if (is_empty)
		created = make(&session, order->newest, report);
	else
		created = report_failure(memory, report);
	sqlite_disconnect(&session);
	return created;
}

static enum store_create_result
claim_and_create(const struct store_settings *settings, const struct create_order *order,
		 struct text *report)
{
	struct store_settings claimed = *settings;
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	enum store_create_result created;

	if (!sqlite_usable(sqlite_path(settings), true, &reason))
		return report_failure(memory, report);
	sqlite_claim(&claimed);
	if (sqlite_claim_visit(claimed.claim, sqlite_path(settings), &reason))
		created = create(&claimed, order, report);
	else
		created = report_failure(memory, report);
	sqlite_claim_release(&claimed);
	return created;
}

/*
 * Another createdb in the same folder waits its turn: two that make the file together meet each
 * other half-way. Not for ever: SQLite refuses the second one too.
 * -1: no folder, as the rest explains.
 */
static int
lock_folder(const struct store_settings *settings)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	uint64_t give_up_ms = clock_ms() + settings->query_timeout_s * 1000ull;
	char *folder = sqlite_files_folder(sqlite_path(settings));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK &&
	       clock_ms() < give_up_ms)
		nanosleep(&pause, NULL);
	free(folder);
	return fd;
}

enum store_create_result
sqlite_create(const struct store_settings *settings, const struct create_order *order,
	      struct text *report)
{
	enum store_create_result created;
	int folder;

	if (order->layout != STORE_LAYOUT_USUAL)
		return report_failure(
			"a file has just one layout: leave --layout out, which is for "
			"TICKR_DATABASE_ADAPTER=mysql",
			report);
	folder = lock_folder(settings);
	created = claim_and_create(settings, order, report);
	if (folder >= 0)
		close(folder);
	return created;
}
