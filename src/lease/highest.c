/*
 * DESIGN. The file is replaced by rename() after fsync(), so a crash leaves the old number or the new one. With the
 * old one a server recognises fewer copies, but never refuses a good coordinator.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "lease/highest.h"

#define HIGHEST_FILE_SIZE 32

static bool
highest_refuse(const struct highest *highest, const char *problem, struct text *reason)
{
	text_addf(
		reason,
		"the file %s cannot be used: %s: repair it, or delete it if the coordinator is new",
		highest->path, problem);
	return false;
}

static bool
highest_parse(struct highest *highest, const char *bytes, size_t len, struct text *reason)
{
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	if (len == 0 || !parse_number(bytes, len, UINT64_MAX, &highest->revision))
		return highest_refuse(highest, "it is not a number", reason);
	highest->saved = highest->revision;
	return true;
}

bool
highest_open(struct highest *highest, const char *folder, const char *kind, struct text *reason)
{
	struct text path = TEXT_OVER(highest->path);
	char bytes[HIGHEST_FILE_SIZE];
	ssize_t len;
	int fd;

	highest->revision = highest->saved = 0;
	if (folder[0] == '\0')
		return true;
	text_addf(&path, "%s/%s.revision", folder, kind);
	if (path.is_truncated)
		return highest_refuse(highest, "the path is too long", reason);
	fd = open(highest->path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT || highest_refuse(highest, strerror(errno), reason);
	len = read(fd, bytes, sizeof(bytes));
	if (len < 0)
		highest_refuse(highest, strerror(errno), reason);
	close(fd);
	return len >= 0 && highest_parse(highest, bytes, (size_t)len, reason);
}

bool
highest_note(struct highest *highest, uint64_t revision, struct text *reason)
{
	if (revision < highest->revision) {
		text_addf(reason,
			  "the coordinator has gone back in time: its revision is %llu, but %llu "
			  "was seen",
			  (unsigned long long)revision, (unsigned long long)highest->revision);
		if (highest->path[0] != '\0')
			text_addf(reason,
				  ": stop all servers of it, wait until their bounds are past, "
				  "then delete %s",
				  highest->path);
		return false;
	}
	highest->revision = revision;
	return true;
}

static bool
highest_write(const char *path, uint64_t revision)
{
	char bytes[HIGHEST_FILE_SIZE];
	int len = snprintf(bytes, sizeof(bytes), "%llu\n", (unsigned long long)revision);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool is_written;

	if (fd == -1)
		return false;
	is_written = write(fd, bytes, (size_t)len) == len && fsync(fd) == 0;
	return close(fd) == 0 && is_written;
}

void
highest_save(struct highest *highest)
{
	char path[HIGHEST_PATH_SIZE + 8];
	struct text text = TEXT_OVER(path);

	if (highest->path[0] == '\0' || highest->revision == highest->saved)
		return;
	text_addf(&text, "%s.new", highest->path);
	if (highest_write(path, highest->revision) && rename(path, highest->path) == 0)
		highest->saved = highest->revision;
	else
		log_warn("revision of the coordinator could not be saved",
			 LOG_TEXT("file", highest->path), LOG_TEXT("reason", strerror(errno)));
}
