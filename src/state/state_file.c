/*
 * DESIGN. A save writes a new file, syncs it to the disk, and renames it over the old file. If the machine
 * stops at any moment, one of the two is there, complete. Each save replaces the state file, so the lock
 * is on another file.
 *
 * No ticket is issued without a save, and a save opens a file. If the process or the machine has no
 * descriptor left, the save closes a spare one and uses its place.
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
#include "base/write_all.h"
#include "state/state_file.h"

#define NAME_SIZE 128

/* A kind of state file: the first word of its name, and the remedy if it is damaged. */
struct state_kind {
	const char *stem;
	const char *remedy;
};

static const struct state_kind state_file_tickets = {
	"node", ". Find the last issued ticket, move the counter past it with tickrd advance, "
		"remove the file, and start again: see docs/failures.md"};
static const struct state_kind state_file_of_sequences = {
	"sequences",
	". If the database may be an older copy, run tickrd advance --sequences --by NUMBER. Then "
	"remove the file, and start again: see docs/failures.md"};

static const struct state_kind state_file_of_store = {
	"store", ". If the store may be an older copy, run tickrd advance --sequences --by NUMBER "
		 "--store NAME. "
		 "Then remove the file, and start again: see docs/stores.md"};

static const struct state_kind state_file_of_snowflakes = {
	"snowflake",
	". Find the newest id of this worker with tickrd decode. When its time is past, remove the "
	"file, and start again: see docs/snowflake.md"};

struct state_file {
	const struct state_kind *kind;
	char *store;  /* NULL: the file is of no store of TICKR_SEQUENCERS_FILE */
	char *folder; /* for messages */
	int folder_fd;
	int lock_fd;
	int spare_fd; /* only there to be closed; -1: none */
	char name[NAME_SIZE];
	struct record record;
};

static void
state_file_make_name(const struct state_file *file, char *name, const struct ticket_space *space,
		     const char *ending)
{
	snprintf(name, NAME_SIZE, "%s%s%s-%" PRIu64 ".%s", file->kind->stem,
		 file->store != NULL ? "-" : "", file->store != NULL ? file->store : "",
		 space->node_number, ending);
}

/* --- opening ----------------------------------------------------------------------------------- */

static bool
state_file_open_folder(struct state_file *file, struct text *problem)
{
	file->folder_fd = open(file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->folder_fd >= 0)
		return true;
	text_addf(problem, "the state folder %s cannot be used: %s (TICKR_STATE_DIR)", file->folder,
		  strerror(errno));
	return false;
}

static bool
state_file_lock(struct state_file *file, const struct ticket_space *space, struct text *problem)
{
	char name[NAME_SIZE];

	state_file_make_name(file, name, space, "lock");
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

/* Return the whole file, or NULL with errno. */
static char *
state_file_read(int folder_fd, const char *name, size_t *len)
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

/* Parse BYTES of FILE, which must be of SPACE. */
static bool
state_file_parse(struct state_file *file, const char *bytes, size_t len,
		 const struct ticket_space *space, struct text *problem)
{
	struct record *record = &file->record;

	if (!record_read(record, bytes, len, problem)) {
		text_add(problem, file->kind->remedy);
		return false;
	}
	if (space_equals(&record->space, space))
		return true;
	if (file->kind == &state_file_of_snowflakes) {
		text_addf(problem,
			  "its ids count from %" PRIu64 ", and the server's from %" PRIu64
			  ": set TICKR_SNOWFLAKE_EPOCH to the first, or ids would be issued twice",
			  record->space.starting_offset, space->starting_offset);
		record_free(record);
		return false;
	}
	text_addf(problem,
		  "it is for TICKR_MAX_NODES=%" PRIu64 " TICKR_NODE_NUMBER=%" PRIu64
		  " TICKR_STARTING_OFFSET=%" PRIu64 ", the server is set to %" PRIu64 ", %" PRIu64
		  " and %" PRIu64
		  ": fix the settings, or give this server a folder of its own (TICKR_STATE_DIR)",
		  record->space.max_nodes, record->space.node_number, record->space.starting_offset,
		  space->max_nodes, space->node_number, space->starting_offset);
	record_free(record);
	return false;
}

static bool
state_file_load(struct state_file *file, const struct ticket_space *space, struct text *problem)
{
	size_t len;
	char *bytes;
	bool is_good;

	state_file_make_name(file, file->name, space, "state");
	bytes = state_file_read(file->folder_fd, file->name, &len);
	if (bytes == NULL && errno == ENOENT) {
		file->record.space = *space;
		return true;
	}
	text_addf(problem, "the state file %s/%s cannot be used: ", file->folder, file->name);
	if (bytes == NULL) {
		text_add(problem, strerror(errno));
		return false;
	}
	is_good = state_file_parse(file, bytes, len, space, problem);
	free(bytes);
	if (is_good)
		text_clear(problem);
	return is_good;
}

/* Return true if PATH, relative to FOLDER_FD, names the open FD. */
static bool
state_file_is_named(int fd, int folder_fd, const char *path)
{
	struct stat open, named;

	return fstat(fd, &open) == 0 && fstatat(folder_fd, path, &named, 0) == 0 &&
	       open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

/* The folder was removed or replaced. Continue in the folder of that name, and make it if there is none. */
static void
state_file_reopen_folder(struct state_file *file, struct text *problem)
{
	char memory[256];
	struct text failure = TEXT_OVER(memory);
	int before = file->folder_fd;

	text_addf(problem, "the folder %s was removed or replaced", file->folder);
	if (mkdir(file->folder, 0700) != 0 && errno != EEXIST)
		return;
	if (state_file_open_folder(file, &failure))
		close(before);
	else
		file->folder_fd = before;
}

/* The lock file was removed. Lock a new one, which another server could lock otherwise. */
static void
state_file_relock(struct state_file *file, struct text *problem)
{
	char memory[256];
	struct text failure = TEXT_OVER(memory);
	int before = file->lock_fd;

	if (state_file_lock(file, &file->record.space, &failure)) {
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

	if (!state_file_is_named(file->folder_fd, AT_FDCWD, file->folder))
		state_file_reopen_folder(file, problem);
	state_file_make_name(file, lock_name, &file->record.space, "lock");
	if (!state_file_is_named(file->lock_fd, file->folder_fd, lock_name)) {
		if (problem->len == 0)
			text_addf(problem, "%s/%s was removed", file->folder, lock_name);
		state_file_relock(file, problem);
	}
	if (problem->len == 0 && fstatat(file->folder_fd, file->name, &status, 0) != 0)
		text_addf(problem, "%s/%s: %s", file->folder, file->name, strerror(errno));
	return problem->len == 0;
}

static void
state_file_take_spare(struct state_file *file)
{
	if (file->spare_fd < 0)
		file->spare_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct state_file *
state_file_open_kind(const struct state_kind *kind, const char *folder, const char *store,
		     const struct ticket_space *space, struct text *problem)
{
	struct state_file *file = xcalloc(1, sizeof(*file));

	file->kind = kind;
	file->store = store != NULL ? xstrdup(store) : NULL;
	file->folder = xstrdup(folder);
	file->folder_fd = file->lock_fd = file->spare_fd = -1;
	if (state_file_open_folder(file, problem) && state_file_lock(file, space, problem) &&
	    state_file_load(file, space, problem)) {
		state_file_take_spare(file);
		return file;
	}
	state_file_close(file);
	return NULL;
}

struct state_file *
state_file_open(const char *folder, const struct ticket_space *space, struct text *problem)
{
	return state_file_open_kind(&state_file_tickets, folder, NULL, space, problem);
}

struct state_file *
state_file_open_sequences(const char *folder, const struct ticket_space *space,
			  struct text *problem)
{
	return state_file_open_kind(&state_file_of_sequences, folder, NULL, space, problem);
}

struct state_file *
state_file_open_store(const char *folder, const char *store, const struct ticket_space *space,
		      struct text *problem)
{
	return state_file_open_kind(&state_file_of_store, folder, store, space, problem);
}

struct state_file *
state_file_open_snowflake(const char *folder, const struct ticket_space *space,
			  struct text *problem)
{
	return state_file_open_kind(&state_file_of_snowflakes, folder, NULL, space, problem);
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
	free(file->store);
	free(file->folder);
	free(file);
}

static bool
state_file_look_kind(const struct state_kind *kind, const char *folder, const char *store,
		     const struct ticket_space *space, struct record *record, struct text *problem)
{
	struct state_file file = {
		.kind = kind, .folder = xstrdup(folder), .folder_fd = -1, .lock_fd = -1};
	bool is_good;

	file.store = store != NULL ? xstrdup(store) : NULL;
	is_good = state_file_open_folder(&file, problem) && state_file_load(&file, space, problem);
	if (is_good)
		*record = file.record;
	if (file.folder_fd >= 0)
		close(file.folder_fd);
	free(file.store);
	free(file.folder);
	return is_good;
}

bool
state_file_look(const char *folder, const struct ticket_space *space, struct record *record,
		struct text *problem)
{
	return state_file_look_kind(&state_file_tickets, folder, NULL, space, record, problem);
}

bool
state_file_look_sequences(const char *folder, const struct ticket_space *space,
			  struct record *record, struct text *problem)
{
	return state_file_look_kind(&state_file_of_sequences, folder, NULL, space, record, problem);
}

bool
state_file_look_store(const char *folder, const char *store, const struct ticket_space *space,
		      struct record *record, struct text *problem)
{
	return state_file_look_kind(&state_file_of_store, folder, store, space, record, problem);
}

/* --- saving ------------------------------------------------------------------------------------ */

/* Open a new file NAME. If no descriptor is left, use the spare one. */
static int
state_file_open_new(struct state_file *file, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	int fd = openat(file->folder_fd, name, flags, 0600);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || file->spare_fd < 0)
		return fd;
	close(file->spare_fd);
	file->spare_fd = -1;
	return openat(file->folder_fd, name, flags, 0600);
}

/* Make a new file NAME of LEN bytes and sync it. Return false, with errno, if that fails. */
static bool
state_file_make(struct state_file *file, const char *name, const char *bytes, size_t len)
{
	int fd = state_file_open_new(file, name);
	bool is_good;
	int error;

	if (fd < 0)
		return false;
	is_good = write_all(fd, bytes, len) && fsync(fd) == 0;
	error = errno;
	if (close(fd) != 0 && is_good) {
		is_good = false;
		error = errno;
	}
	state_file_take_spare(file);
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
	state_file_make_name(file, name, &record->space, "new");
	is_good = state_file_make(file, name, memory, text.len) &&
		  renameat(file->folder_fd, name, file->folder_fd, file->name) == 0 &&
		  fsync(file->folder_fd) == 0;
	if (!is_good)
		text_addf(problem, "the state file %s/%s cannot be written: %s", file->folder,
			  file->name, strerror(errno));
	free(memory);
	return is_good;
}
