/*
 * DESIGN. A save writes a new file beside the old one, brings it to the disk, and takes the old
 * one's name: whenever the machine stops, one of the two is there, whole. The lock is on a file of
 * its own, because the state file is another one after each save.
 *
 * A save opens a file. If no descriptor is left, for the process or on the machine, it gives up a spare one for the
 * length of the save: without a save no ticket is issued.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "state/state_file.h"

#define NAME_SIZE 48

struct state_file {
	char *folder; /* for people */
	int folder_fd;
	int lock_fd;
	int spare_fd; /* of no use but to be closed; -1: none */
	char name[NAME_SIZE];
	struct record record;
};

static void
make_name(char *name, const struct ticket_space *space, const char *ending)
{
	snprintf(name, NAME_SIZE, "node-%" PRIu64 ".%s", space->node_number, ending);
}

/* --- opening ----------------------------------------------------------------------------------- */

static bool
open_folder(struct state_file *file, struct text *problem)
{
	file->folder_fd = open(file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->folder_fd >= 0)
		return true;
	text_addf(problem, "the state folder %s cannot be used: %s (TICKR_STATE_DIR)", file->folder,
		  strerror(errno));
	return false;
}

static bool
lock(struct state_file *file, const struct ticket_space *space, struct text *problem)
{
	char name[NAME_SIZE];

	make_name(name, space, "lock");
	file->lock_fd = openat(file->folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file->lock_fd >= 0 && flock(file->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (file->lock_fd >= 0 && errno == EWOULDBLOCK)
		text_addf(problem,
			  "another tickrd keeps the state of node %" PRIu64 " in %s: give each "
			  "server a folder of its own (TICKR_STATE_DIR)",
			  space->node_number, file->folder);
	else
		text_addf(problem,
			  "%s/%s cannot be locked: %s; the folder must be writable "
			  "(TICKR_STATE_DIR)",
			  file->folder, name, strerror(errno));
	return false;
}

/* All of the file; NULL, with errno, when it cannot be had. */
static char *
read_bytes(int folder_fd, const char *name, size_t *len)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
	char *bytes;

	if (stream == NULL)
		return NULL;
	bytes = xcalloc(1, RECORD_SIZE + 1);
	errno = 0;
	*len = fread(bytes, 1, RECORD_SIZE + 1, stream);
	if (ferror(stream)) {
		int error = errno != 0 ? errno : EIO;

		free(bytes);
		bytes = NULL;
		errno = error;
	}
	fclose(stream);
	return bytes;
}

static bool
fits(const struct record *record, const struct ticket_space *space, struct text *problem)
{
	if (space_equals(&record->space, space))
		return true;
	text_addf(problem,
		  "it is for TICKR_MAX_NODES=%" PRIu64 " TICKR_NODE_NUMBER=%" PRIu64
		  " TICKR_STARTING_OFFSET=%" PRIu64 ", the server is set to %" PRIu64 ", %" PRIu64
		  " and %" PRIu64
		  ": mend the settings, or give this server a folder of its own (TICKR_STATE_DIR)",
		  record->space.max_nodes, record->space.node_number, record->space.starting_offset,
		  space->max_nodes, space->node_number, space->starting_offset);
	return false;
}

static bool
parse(struct record *record, const char *bytes, size_t len, const struct ticket_space *space,
      struct text *problem)
{
	if (!record_read(record, bytes, len, problem)) {
		text_add(problem, ". Which tickets were given must be found elsewhere: move the "
				  "counter past the last one with tickrd advance, remove the file, "
				  "and start again; docs/failures.md says how");
		return false;
	}
	if (fits(record, space, problem))
		return true;
	record_free(record);
	return false;
}

static bool
load(struct state_file *file, const struct ticket_space *space, struct text *problem)
{
	size_t len;
	char *bytes;
	bool is_good;

	make_name(file->name, space, "state");
	bytes = read_bytes(file->folder_fd, file->name, &len);
	if (bytes == NULL && errno == ENOENT) {
		file->record.space = *space;
		return true;
	}
	text_addf(problem, "the state file %s/%s cannot be used: ", file->folder, file->name);
	if (bytes == NULL) {
		text_add(problem, strerror(errno));
		return false;
	}
	is_good = parse(&file->record, bytes, len, space, problem);
	free(bytes);
	if (is_good)
		text_clear(problem);
	return is_good;
}

/* Whether the open FD is what PATH, relative to FOLDER_FD, names. */
static bool
is_named(int fd, int folder_fd, const char *path)
{
	struct stat open, named;

	return fstat(fd, &open) == 0 && fstatat(folder_fd, path, &named, 0) == 0 &&
	       open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

/* The folder was removed or replaced: go on in the one of its name, which is made if need be. */
static void
reopen_folder(struct state_file *file, struct text *problem)
{
	char memory[256];
	struct text failure = TEXT_OVER(memory);
	int before = file->folder_fd;

	text_addf(problem, "the folder %s was removed or replaced", file->folder);
	if (mkdir(file->folder, 0700) != 0 && errno != EEXIST)
		return;
	if (open_folder(file, &failure))
		close(before);
	else
		file->folder_fd = before;
}

/* The lock file was removed: another server could take a new one. */
static void
relock(struct state_file *file, struct text *problem)
{
	char memory[256];
	struct text failure = TEXT_OVER(memory);
	int before = file->lock_fd;

	if (lock(file, &file->record.space, &failure)) {
		close(before);
		return;
	}
	if (file->lock_fd >= 0)
		close(file->lock_fd);
	file->lock_fd = before;
	text_addf(problem, "%s%s", problem->len > 0 ? "; " : "", memory);
}

bool
state_file_is_there(struct state_file *file, struct text *problem)
{
	char lock_name[NAME_SIZE];
	struct stat status;

	if (!is_named(file->folder_fd, AT_FDCWD, file->folder))
		reopen_folder(file, problem);
	make_name(lock_name, &file->record.space, "lock");
	if (!is_named(file->lock_fd, file->folder_fd, lock_name)) {
		if (problem->len == 0)
			text_addf(problem, "%s/%s was removed", file->folder, lock_name);
		relock(file, problem);
	}
	if (problem->len == 0 && fstatat(file->folder_fd, file->name, &status, 0) != 0)
		text_addf(problem, "%s/%s: %s", file->folder, file->name, strerror(errno));
	return problem->len == 0;
}

static void
take_spare(struct state_file *file)
{
	if (file->spare_fd < 0)
		file->spare_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct state_file *
state_file_open(const char *folder, const struct ticket_space *space, struct text *problem)
{
	struct state_file *file = xcalloc(1, sizeof(*file));

	file->folder = xstrdup(folder);
	file->folder_fd = file->lock_fd = file->spare_fd = -1;
	if (open_folder(file, problem) && lock(file, space, problem) &&
	    load(file, space, problem)) {
		take_spare(file);
		return file;
	}
	state_file_close(file);
	return NULL;
}

const struct record *
state_file_record(const struct state_file *file)
{
	return &file->record;
}

void
state_file_close(struct state_file *file)
{
	if (file->lock_fd >= 0)
		close(file->lock_fd);
	if (file->spare_fd >= 0)
		close(file->spare_fd);
	if (file->folder_fd >= 0)
		close(file->folder_fd);
	record_free(&file->record);
	free(file->folder);
	free(file);
}

bool
state_file_look(const char *folder, const struct ticket_space *space, struct record *record,
		struct text *problem)
{
	struct state_file file = {.folder = xstrdup(folder), .folder_fd = -1, .lock_fd = -1};
	bool is_good = open_folder(&file, problem) && load(&file, space, problem);

	if (is_good)
		*record = file.record;
	if (file.folder_fd >= 0)
		close(file.folder_fd);
	free(file.folder);
	return is_good;
}

/* --- saving ------------------------------------------------------------------------------------ */

static bool
write_bytes(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		len -= (size_t)written;
	}
	return true;
}

static int
open_new(const struct state_file *file, const char *name)
{
	return openat(file->folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* The same, with the descriptor that was spared for that if none is left. */
static int
open_new_at_any_price(struct state_file *file, const char *name)
{
	int fd = open_new(file, name);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || file->spare_fd < 0)
		return fd;
	close(file->spare_fd);
	file->spare_fd = -1;
	return open_new(file, name);
}

/* A new file NAME with LEN bytes, on the disk. False with errno. */
static bool
make_file(struct state_file *file, const char *name, const char *bytes, size_t len)
{
	int fd = open_new_at_any_price(file, name);
	bool is_good;
	int error;

	if (fd < 0)
		return false;
	is_good = write_bytes(fd, bytes, len) && fsync(fd) == 0;
	error = errno;
	if (close(fd) != 0 && is_good) {
		is_good = false;
		error = errno;
	}
	take_spare(file);
	errno = error;
	return is_good;
}

bool
state_file_save(struct state_file *file, const struct record *record, struct text *problem)
{
	char *memory = xcalloc(1, RECORD_SIZE);
	struct text text = text_over(memory, RECORD_SIZE);
	char name[NAME_SIZE];
	bool is_good;

	record_write(record, &text);
	make_name(name, &record->space, "new");
	is_good = make_file(file, name, memory, text.len) &&
		  renameat(file->folder_fd, name, file->folder_fd, file->name) == 0 &&
		  fsync(file->folder_fd) == 0;
	if (!is_good)
		text_addf(problem, "the state file %s/%s cannot be written: %s", file->folder,
			  file->name, strerror(errno));
	free(memory);
	return is_good;
}
