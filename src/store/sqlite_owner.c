/*
 * DESIGN. An owner's file names a process. When has that process ended?
 *
 * 1. It ran in this kernel (the same boot) and on this mount (the same device), and this process now has the
 *    flock that it held. This also holds for a container that was restarted.
 *
 * 2. It ran in this kernel and in this namespace of processes, on another mount. Its number belongs to no
 *    process, or to one that was started at another time.
 *
 * 3. Otherwise no program here can know. An operator who knows removes the file. The name of the machine proves
 *    nothing: two containers may have the same one.
 *
 * A race of two servers:
 *
 * 1. A and B find the file of a dead owner.
 *
 * 2. A removes the file, and makes its own.
 *
 * 3. B would remove A's file. So B renames the file first, and reads it again. It is A's, so B gives it back
 *    and refuses.
 *
 * 4. Meanwhile A may miss its file after a commit. Then A issues nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "store/sqlite_owner.h"

#define RECORD_SIZE 512

struct record {
	char boot[40]; /* an id of this start of the kernel; "-": the kernel does not say */
	char host[65];
	uint64_t device; /* of the file system, as this kernel numbers it */
	uint64_t process;
	uint64_t started; /* when the process started, in ticks since the start of the kernel */
	uint64_t namespace;
};

#define FORMAT                                                                        \
	"tickrd serves from this database, see SQLite in docs/operations.md\n"        \
	"boot %s\nhost %s\ndevice %" PRIu64 "\nprocess %" PRIu64 "\nstarted %" PRIu64 \
	"\nnamespace %" PRIu64 "\n"
#define PATTERN                                                                       \
	"tickrd serves from this database, see SQLite in docs/operations.md "         \
	"boot %39s host %64s device %" SCNu64 " process %" SCNu64 " started %" SCNu64 \
	" namespace %" SCNu64

/* --- this process ---------------------------------------------------------------------------------- */

/* Return when PROCESS started; 0: there is none, or the kernel hides it. */
static uint64_t
sqlite_owner_start_of(uint64_t process)
{
	char name[64], line[1024];
	const char *rest;
	uint64_t started = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%" PRIu64 "/stat", process);
	file = fopen(name, "re");
	if (file == NULL)
		return 0;
	rest = fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
	if (rest == NULL || sscanf(rest,
				   ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				   "%*s %*s %*s %*s %" SCNu64,
				   &started) != 1)
		started = 0;
	fclose(file);
	return started;
}

/* Return the record of this process, for an owner's file on the device of MARK. */
static struct record
sqlite_owner_own_record(const struct sqlite_mark *mark)
{
	struct record own = {
		.device = mark->device,
		.process = (uint64_t)getpid(),
		.started = sqlite_owner_start_of((uint64_t)getpid()),
	};
	struct stat status;
	FILE *boot = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (boot == NULL || fgets(own.boot, sizeof(own.boot), boot) == NULL)
		snprintf(own.boot, sizeof(own.boot), "-");
	own.boot[strcspn(own.boot, "\n")] = '\0';
	if (boot != NULL)
		fclose(boot);
	if (gethostname(own.host, sizeof(own.host) - 1) != 0 || own.host[0] == '\0')
		snprintf(own.host, sizeof(own.host), "-");
	if (stat("/proc/self/ns/pid", &status) == 0)
		own.namespace = status.st_ino;
	return own;
}

/* --- the file -------------------------------------------------------------------------------------- */

static char *
sqlite_owner_name_of(const char *path)
{
	size_t size = strlen(path) + sizeof("-owner");
	char *name = xcalloc(1, size);

	snprintf(name, size, "%s-owner", path);
	return name;
}

/* Read the file into TEXT, of RECORD_SIZE bytes. False: there is no file, or no record in it. */
static bool
sqlite_owner_read_record(const char *name, char *text, struct record *record)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, RECORD_SIZE - 1) : -1;

	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return sscanf(text, PATTERN, record->boot, record->host, &record->device, &record->process,
		      &record->started, &record->namespace) == 6;
}

/* Make the file, and write the record of this process. False with errno EEXIST: there is a file already. */
static bool
sqlite_owner_make(struct sqlite_owner *owner, const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	struct record own;
	int problem;

	if (fd < 0)
		return false;
	if (sqlite_files_look(name, &owner->mark)) {
		own = sqlite_owner_own_record(&owner->mark);
		if (dprintf(fd, FORMAT, own.boot, own.host, own.device, own.process, own.started,
			    own.namespace) > 0 &&
		    fsync(fd) == 0) {
			owner->fd = fd;
			owner->name = xstrdup(name);
			return true;
		}
	}
	problem = errno;
	unlink(name);
	close(fd);
	errno = problem;
	return false;
}

/* --- another's ------------------------------------------------------------------------------------- */

static bool
sqlite_owner_is_same_kernel(const struct record *one, const struct record *other)
{
	return strcmp(one->boot, "-") != 0 && strcmp(one->boot, other->boot) == 0;
}

/* Return whether the process of RECORD has ended, as far as this process can know; see DESIGN. */
static bool
sqlite_owner_has_ended(const struct record *record, const char *name, bool has_lock)
{
	struct sqlite_mark mark;
	struct record own;
	uint64_t started;

	if (!sqlite_files_look(name, &mark))
		return false;
	own = sqlite_owner_own_record(&mark);
	if (!sqlite_owner_is_same_kernel(&own, record))
		return false;
	if (has_lock && own.device == record->device)
		return true;
	if (own.namespace == 0 || own.namespace != record->namespace)
		return false;
	if (kill((pid_t)record->process, 0) != 0 && errno == ESRCH)
		return true;
	started = sqlite_owner_start_of(record->process);
	return started != 0 && record->started != 0 && started != record->started;
}

static void
sqlite_owner_explain(const char *name, const struct record *record, struct text *reason)
{
	if (record->host[0] == '\0')
		text_addf(reason,
			  "%s exists and names no process. If no other tickrd serves from the "
			  "database, remove this owner's file",
			  name);
	else
		text_addf(reason,
			  "another tickrd serves from this file: process %" PRIu64
			  " on %s. If that process has ended, remove %s",
			  record->process, record->host, name);
}

/* Remove the file of a dead owner, which was read as TEXT; see the race above. */
static bool
sqlite_owner_set_aside(const char *name, const char *text, struct text *reason)
{
	char id[RANDOM_ID_SIZE], again[RECORD_SIZE];
	struct record record;
	size_t size = strlen(name) + RANDOM_ID_SIZE + 1;
	char *aside = xcalloc(1, size);
	bool is_done;

	is_done = random_id(id);
	snprintf(aside, size, "%s-%s", name, id);
	if (is_done && rename(name, aside) == 0) {
		(void)!sqlite_owner_read_record(aside, again, &record);
		is_done = strcmp(text, again) == 0;
		if (is_done || renameat2(AT_FDCWD, aside, AT_FDCWD, name, RENAME_NOREPLACE) != 0)
			unlink(aside);
	} else if (is_done)
		is_done = errno == ENOENT; /* another process was faster: try again */
	if (!is_done)
		text_addf(reason, "another tickrd takes this file at the same moment: %s", name);
	free(aside);
	return is_done;
}

/* Make this process the owner. *GOES_ON: the file of a dead owner was removed, so try again. */
static bool
sqlite_owner_try_to_take(struct sqlite_owner *owner, const char *name, bool has_lock, bool *goes_on,
			 struct text *reason)
{
	struct record record = {0};
	char text[RECORD_SIZE];

	*goes_on = false;
	if (sqlite_owner_make(owner, name))
		return true;
	if (errno != EEXIST)
		text_addf(reason, "cannot make %s, which keeps other servers away: %s", name,
			  strerror(errno));
	else if (!sqlite_owner_read_record(name, text, &record) ||
		 !sqlite_owner_has_ended(&record, name, has_lock))
		sqlite_owner_explain(name, &record, reason);
	else
		*goes_on = sqlite_owner_set_aside(name, text, reason);
	return false;
}

bool
sqlite_owner_take(struct sqlite_owner *owner, const char *path, bool has_lock, struct text *reason)
{
	char *name = sqlite_owner_name_of(path);
	bool goes_on;
	bool is_taken = sqlite_owner_try_to_take(owner, name, has_lock, &goes_on, reason);

	if (goes_on)
		is_taken = sqlite_owner_try_to_take(owner, name, has_lock, &goes_on, reason);
	if (goes_on)
		text_addf(reason, "another tickrd takes this file at the same moment: %s", name);
	free(name);
	return is_taken;
}

bool
sqlite_owner_is(const struct sqlite_owner *owner, struct text *reason)
{
	struct sqlite_mark now;

	if (owner->name == NULL ||
	    (sqlite_files_look(owner->name, &now) && sqlite_files_same(&now, &owner->mark)))
		return true;
	text_addf(
		reason,
		"%s, which keeps other servers away, was removed or replaced: stop this tickrd or "
		"the other one",
		owner->name);
	return false;
}

bool
sqlite_owner_is_near(const char *path, struct text *reason)
{
	char *name = sqlite_owner_name_of(path), text[RECORD_SIZE];
	struct record record = {0}, own;
	struct sqlite_mark mark = {0};
	bool is_near =
		sqlite_owner_read_record(name, text, &record) && sqlite_files_look(name, &mark);

	own = sqlite_owner_own_record(&mark);
	is_near = is_near && sqlite_owner_is_same_kernel(&own, &record) &&
		  own.device == record.device;
	if (!is_near)
		sqlite_owner_explain(name, &record, reason);
	free(name);
	return is_near;
}

void
sqlite_owner_drop(struct sqlite_owner *owner)
{
	char memory[8];
	struct text ignored = TEXT_OVER(memory);

	if (owner->name == NULL)
		return;
	if (sqlite_owner_is(owner, &ignored))
		unlink(owner->name);
	close(owner->fd);
	free(owner->name);
	memset(owner, 0, sizeof(*owner));
}
