/*
 * DESIGN. SQLite follows symbolic links, and keeps its log next to the file that they lead to. So the checks
 * are about that path. A program that opens the file by another name finds another log there, or none.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/sqlite_files.h"
#include "store/sqlite_place.h"
#include "store/sqlite_usable.h"

static bool
sqlite_usable_folder_is_usable(const char *folder, struct text *reason)
{
	if (faccessat(AT_FDCWD, folder, R_OK | W_OK | X_OK, AT_EACCESS) == 0)
		return true;
	text_addf(reason,
		  "the folder %s cannot be used: %s. Let tickrd make files in it: SQLite keeps its "
		  "log next to the database",
		  folder, strerror(errno));
	return false;
}

/* --- a file that is missing ------------------------------------------------------------------------ */

/* A log without its database means that the database was lost while it was in use. */
static bool
sqlite_usable_has_no_log(const char *path, struct text *reason)
{
	char *log = sqlite_files_name(path, SQLITE_LOG);
	bool is_there = access(log, F_OK) == 0;

	if (is_there)
		text_addf(reason,
			  "the database file %s is missing, but its log exists, %s: the file "
			  "was lost, and a new one would issue its tickets again. Bring the file "
			  "back; or, if no ticket was ever issued, remove the log and try again",
			  path, log);
	free(log);
	return !is_there;
}

static bool
sqlite_usable_may_be_made(const char *path, struct text *reason)
{
	char *folder = sqlite_files_folder(path);
	struct stat status;
	bool may = sqlite_usable_has_no_log(path, reason);

	if (may && lstat(path, &status) == 0 && S_ISLNK(status.st_mode)) {
		text_addf(reason,
			  "%s is a symbolic link to a file that is missing: set "
			  "TICKR_DATABASE_NAME to "
			  "the file itself",
			  path);
		may = false;
	}
	may = may && sqlite_usable_folder_is_usable(folder, reason);
	free(folder);
	return may;
}

static bool
sqlite_usable_explain_missing(const char *path, int problem, struct text *reason)
{
	text_addf(reason, "the database file %s cannot be used: %s%s", path, strerror(problem),
		  problem == ENOENT ? ". Set TICKR_STATE_DIR or TICKR_DATABASE_NAME to the right "
				      "folder or file. Run tickrd createdb only if there never "
				      "was a file: a new one would issue its tickets again"
				    : "");
	return false;
}

/* --- a file that exists --------------------------------------------------------------------------- */

static bool
sqlite_usable_is_plain_file(const char *path, struct text *reason)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return sqlite_usable_explain_missing(path, errno, reason);
	if (!S_ISREG(status.st_mode)) {
		text_addf(reason, "%s is not a plain file", path);
		return false;
	}
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
		return true;
	text_addf(reason, "the database file %s cannot be written: %s", path, strerror(errno));
	return false;
}

static bool
sqlite_usable_has_one_name(const char *path, struct text *reason)
{
	struct stat status;

	if (lstat(path, &status) != 0 || status.st_nlink <= 1)
		return true;
	text_addf(reason,
		  "%s has %" PRIu64 " names (hard links): SQLite's log lies next to one of them, "
		  "and by another one the last "
		  "tickets are missing. Remove the other names; make a copy with sqlite3 %s "
		  "'.backup COPY'",
		  path, (uint64_t)status.st_nlink, path);
	return false;
}

/* MOUNT is the mount of the folder; 0: not known. */
static bool
sqlite_usable_is_in_mount(const char *path, uint64_t mount, struct text *reason)
{
	uint64_t own = sqlite_place_mount(path);

	if (own == 0 || mount == 0 || own == mount)
		return true;
	text_addf(reason,
		  "%s is a mount of its own: SQLite's log would lie outside, and the last "
		  "tickets would be lost with it. Mount the folder of the file",
		  path);
	return false;
}

static void
sqlite_usable_add_user(uid_t user, struct text *text)
{
	char memory[1024];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(user, &entry, memory, sizeof(memory), &found) == 0 && found != NULL)
		text_addf(text, "%s", found->pw_name);
	else
		text_addf(text, "user %u", (unsigned)user);
}

/* COMPANION is the log or the index. SQLite makes one that is missing. */
static bool
sqlite_usable_companion(const char *path, const char *companion, uint64_t mount,
			struct text *reason)
{
	struct stat status;

	if (lstat(companion, &status) != 0)
		return true;
	if (!S_ISREG(status.st_mode)) {
		text_addf(reason, "%s is not a plain file, as SQLite's log and index must be",
			  companion);
		return false;
	}
	if (faccessat(AT_FDCWD, companion, R_OK | W_OK, AT_EACCESS) != 0 && errno == EACCES) {
		text_addf(reason, "%s belongs to ", companion);
		sqlite_usable_add_user(status.st_uid, reason);
		text_add(reason, " and cannot be written by ");
		sqlite_usable_add_user(geteuid(), reason);
		text_addf(reason,
			  ": end the program that made it, never delete the file, and run chown "
			  "--reference=%s %s",
			  path, companion);
		return false;
	}
	return sqlite_usable_has_one_name(companion, reason) &&
	       sqlite_usable_is_in_mount(companion, mount, reason);
}

/* PATH has no symbolic link in it. */
static bool
sqlite_usable_all(const char *path, struct text *reason)
{
	char *folder = sqlite_files_folder(path);
	uint64_t mount = sqlite_place_mount(folder);
	bool is_usable = sqlite_usable_is_plain_file(path, reason) &&
			 sqlite_usable_folder_is_usable(folder, reason) &&
			 sqlite_usable_has_one_name(path, reason) &&
			 sqlite_usable_is_in_mount(path, mount, reason);

	for (unsigned i = SQLITE_LOG; i < SQLITE_PARTS && is_usable; i++) {
		char *companion = sqlite_files_name(path, i);

		is_usable = sqlite_usable_companion(path, companion, mount, reason);
		free(companion);
	}
	free(folder);
	return is_usable;
}

bool
sqlite_usable(const char *path, bool may_be_missing, struct text *reason)
{
	char *real = realpath(path, NULL);
	bool result;

	if (real != NULL)
		result = sqlite_usable_all(real, reason);
	else if (errno == ENOENT && may_be_missing)
		result = sqlite_usable_may_be_made(path, reason);
	else
		result = sqlite_usable_explain_missing(path, errno, reason);
	free(real);
	return result;
}
