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
sqlite_create_report_failure(const char *reason, struct text *report)
{
	text_addf(report, "%s\n", reason);
	return STORE_NOT_CREATED;
}

static bool
sqlite_create_run_all(struct store_session *session, const char *const *scripts, unsigned count,
		      struct text *reason)
{
	for (unsigned i = 0; i < count; i++)
		if (sqlite_run(session, scripts[i], reason) != STORE_OK)
			return false;
	return true;
}

static bool
sqlite_create_choose_identity(struct store_session *session, struct text *reason)
{
	if (random_id(session->identity))
		return true;
	text_addf(reason, "cannot make an identity: the kernel has no random numbers: %s",
		  strerror(errno));
	return false;
}

/* --- a file that exists --------------------------------------------------------------------------- */

/* Add an identity to a database of an older tickrd, and change nothing else. */
static bool
sqlite_create_add_identity(struct store_session *session, struct text *reason)
{
	static const char *const scripts[] = {"BEGIN IMMEDIATE", sql_sqlite_identity, "COMMIT"};
	bool is_empty;

	return sqlite_create_choose_identity(session, reason) &&
	       sqlite_create_run_all(session, scripts, ARRAY_LENGTH(scripts), reason) &&
	       sqlite_schema_check(session, &is_empty, reason) == STORE_OK &&
	       session->identity[0] != '\0';
}

/* Find the table of named sequences, or add it if ORDER asks for it. *WAS_THERE: it was there, and fits. */
static bool
sqlite_create_add_sequences(struct store_session *session, const struct create_order *order,
			    bool *was_there, struct text *report)
{
	static const char *const scripts[] = {"BEGIN IMMEDIATE", sql_sqlite_sequences, "COMMIT"};
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	bool is_good = sqlite_sequences_check_table(session, was_there, &reason) == STORE_OK;

	if (is_good && *was_there)
		is_good = sqlite_sequences_check_clock(session, &reason) == STORE_OK;
	else if (is_good && order->with_sequences)
		is_good = sqlite_create_run_all(session, scripts, ARRAY_LENGTH(scripts), &reason);
	if (!is_good)
		text_addf(report, "%s\n", memory);
	return is_good;
}

static const char *
sqlite_create_name_sequences(bool was_there, bool with_sequences)
{
	if (was_there)
		return "found";
	return with_sequences ? "created"
			      : "none; for named sequences run tickrd createdb --sequences";
}

static enum store_create_result
sqlite_create_report_found(struct store_session *session, const struct create_order *order,
			   struct text *report)
{
	bool has_identity = session->identity[0] != '\0';
	bool adds_identity = !has_identity && !order->with_sequences;
	bool has_sequences, found;
	uint64_t stands = 0;

	if (sqlite_numbers(session, "SELECT id FROM tickets", &stands, 1, &found, report) !=
	    STORE_OK)
		return sqlite_create_report_failure("", report);
	if (stands < order->newest) {
		pinned_explain_behind(&session->settings->space, stands, order->newest, report);
		return sqlite_create_report_failure("", report);
	}
	if (!sqlite_create_add_sequences(session, order, &has_sequences, report))
		return STORE_NOT_CREATED;
	if (adds_identity && !sqlite_create_add_identity(session, report))
		return sqlite_create_report_failure("; cannot make the identity", report);
	text_addf(report,
		  "database file %s: found\ntable `tickets`: found\n"
		  "settings: found, and they are the same\nidentity: %s\n"
		  "table `tickr_sequences`: %s\n",
		  sqlite_path(session->settings),
		  has_identity	  ? "found"
		  : adds_identity ? "made"
				  : "none",
		  sqlite_create_name_sequences(has_sequences, order->with_sequences));
	return adds_identity || (order->with_sequences && !has_sequences) ? STORE_CREATED
									  : STORE_EXISTED;
}

/* --- a new file -------------------------------------------------------------------------------- */

/*
 * One transaction makes all, so that no file is half-made. If createdb is killed before the commit, the file is
 * empty.
 */
static enum store_create_result
sqlite_create_make(struct store_session *session, uint64_t newest, struct text *report)
{
	char stand[64];
	const char *const scripts[] = {
		"PRAGMA journal_mode = WAL", "BEGIN IMMEDIATE",	  sql_sqlite_tickets,	stand,
		sql_sqlite_settings,	     sql_sqlite_identity, sql_sqlite_sequences, "COMMIT",
	};
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);

	snprintf(stand, sizeof(stand), "UPDATE tickets SET id = %" PRIu64, newest);
	if (!sqlite_create_choose_identity(session, &reason) ||
	    !sqlite_create_run_all(session, scripts, ARRAY_LENGTH(scripts), &reason))
		return sqlite_create_report_failure(memory, report);
	text_addf(report, "database file %s: created\ntable `tickets`: created\nsettings: pinned (",
		  sqlite_path(session->settings));
	pinned_describe(&session->settings->space, report);
	text_add(report, ")\nidentity: made\ntable `tickr_sequences`: created\n");
	return STORE_CREATED;
}

static enum store_create_result
sqlite_create_claimed(const struct store_settings *settings, const struct create_order *order,
		      struct text *report)
{
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	struct store_session session;
	enum store_create_result created;
	bool is_empty = false;

	if (sqlite_connect(&session, settings, true, &reason) != STORE_OK)
		created = sqlite_create_report_failure(memory, report);
	else if (sqlite_schema_check(&session, &is_empty, &reason) == STORE_OK)
		created = sqlite_create_report_found(&session, order, report);
	else if (is_empty)
		created = sqlite_create_make(&session, order->newest, report);
	else
		created = sqlite_create_report_failure(memory, report);
	sqlite_disconnect(&session);
	return created;
}

/*
 * Lock the folder of the database, so that of two createdb one makes the file. The other one waits, but no
 * longer than the query time-out: then SQLite refuses it. Return the folder's descriptor; -1: there is no
 * folder.
 */
static int
sqlite_create_lock_folder(const struct store_settings *settings)
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
	struct store_settings claimed = *settings;
	const char *path = sqlite_path(settings);
	char memory[REASON_ROOM];
	struct text reason = TEXT_OVER(memory);
	enum store_create_result created;
	int folder;

	if (order->layout != STORE_LAYOUT_USUAL)
		return sqlite_create_report_failure(
			"a file has just one layout: leave --layout out, which is for "
			"TICKR_DATABASE_ADAPTER=mysql",
			report);
	folder = sqlite_create_lock_folder(settings);
	sqlite_claim(&claimed);
	if (sqlite_usable(path, true, &reason) && sqlite_claim_visit(claimed.claim, path, &reason))
		created = sqlite_create_claimed(&claimed, order, report);
	else
		created = sqlite_create_report_failure(memory, report);
	sqlite_claim_release(&claimed);
	if (folder >= 0)
		close(folder);
	return created;
}
