/*
 * DESIGN. The file gets its room on the disk in steps, before its bytes: fallocate() with FALLOC_FL_KEEP_SIZE. So a
 * full disk is known before a record is written. A file whose server was killed has no zeros at its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "events/audit_file.h"

#define AUDIT_FILE_STEP (UINT64_C(4) << 20) /* bytes of room */

struct audit_file {
	struct spool *spool;
	enum audit_kind kind;
	struct audit_name name;
	int fd;
	uint64_t len;
	uint64_t room;
};

/* Get room for LEN more bytes. A file system that cannot do that tells of a full disk when it is written. */
static bool
audit_file_get_room(struct audit_file *file, uint64_t len)
{
	uint64_t step = len > AUDIT_FILE_STEP ? len : AUDIT_FILE_STEP;

	if (file->len + len <= file->room)
		return true;
	if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)file->len, (off_t)step) != 0 &&
	    errno != EOPNOTSUPP && errno != ENOSYS) {
		/* The last of a small disk may still do. */
		if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)file->len,
			      (off_t)(len > 65536 ? len : 65536)) != 0)
			return false;
		step = len > 65536 ? len : 65536;
	}
	file->room = file->len + step;
	return true;
}

static void
audit_file_discard(struct audit_file *file)
{
	int error = errno;

	close(file->fd);
	(void)!spool_remove(file->spool, &file->name, file->kind);
	free(file);
	errno = error;
}

struct audit_file *
audit_file_new(struct spool *spool, enum audit_kind kind, const struct audit_maker *maker,
	       uint64_t hour)
{
	struct audit_file *file = xcalloc(1, sizeof(*file));

	file->spool = spool;
	file->kind = kind;
	file->name = spool_next_name(spool, maker, hour);
	file->fd = spool_open_file(spool, &file->name, kind, O_RDWR | O_CREAT | O_EXCL);
	if (file->fd < 0) {
		int error = errno;

		free(file);
		errno = error;
		return NULL;
	}
	if (audit_file_get_room(file, 1))
		return file;
	audit_file_discard(file);
	return NULL;
}

static bool
audit_file_write(int fd, const char *bytes, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t written = pwrite(fd, bytes, len, at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		at += written;
		len -= (size_t)written;
	}
	return true;
}

bool
audit_file_append(struct audit_file *file, const void *bytes, size_t len)
{
	int error;

	if (audit_file_get_room(file, len) &&
	    audit_file_write(file->fd, bytes, len, (off_t)file->len) && fdatasync(file->fd) == 0) {
		file->len += len;
		spool_add(file->spool, len);
		return true;
	}
	error = errno;
	(void)!ftruncate(file->fd, (off_t)file->len);
	errno = error;
	return false;
}

const struct audit_name *
audit_file_name(const struct audit_file *file)
{
	return &file->name;
}

uint64_t
audit_file_len(const struct audit_file *file)
{
	return file->len;
}

/* The ftruncate() gives the room that is left to the disk again. */
bool
audit_file_end(struct audit_file *file)
{
	enum audit_kind to = file->kind == AUDIT_PART ? AUDIT_FINISHED : AUDIT_LINES;
	bool is_good;
	int error;

	if (file->len == 0) {
		audit_file_discard(file);
		return true;
	}
	is_good = ftruncate(file->fd, (off_t)file->len) == 0 && fsync(file->fd) == 0;
	error = errno;
	close(file->fd);
	errno = error;
	is_good = is_good && spool_rename(file->spool, &file->name, file->kind, to);
	error = errno;
	free(file);
	errno = error;
	return is_good;
}
