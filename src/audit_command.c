/*
 * DESIGN. The search reads whole files: all of them, or those of an hour and of the next one. A record of the last
 * moments of an hour may be in the next file. The spool is read without its lock, while a server writes it. The bucket is
 * searched after the spool, so a file that has moved meanwhile is found there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "audit_bucket.h"
#include "audit_command.h"
#include "base/memory.h"
#include "events/audit_match.h"
#include "events/gzip.h"
#include "events/spool.h"

#define AUDIT_COMMAND_PIECE 65536

struct audit_search {
	uint64_t id;
	bool has_hour;
	uint64_t hour;
	unsigned found;
	struct s3 *s3;
};

static bool
audit_command_on_line(void *arg, const char *line, size_t len)
{
	struct audit_search *search = arg;

	if (audit_match(line, len, search->id)) {
		fwrite(line, 1, len, stdout);
		putchar('\n');
		search->found++;
	}
	return true;
}

static bool
audit_command_wants(const struct audit_search *search, uint64_t hour)
{
	return !search->has_hour || hour == search->hour || hour == search->hour + 1;
}

/* --- the spool --------------------------------------------------------------------------------------- */

/* Read the file FD. A part that is being written ends anywhere, so bytes that are not gzip end the search in it. */
static void
audit_command_read(struct audit_search *search, int fd, bool is_packed)
{
	struct gzip_lines *lines = gzip_lines_new(is_packed, audit_command_on_line, search);
	char *piece = xmalloc(AUDIT_COMMAND_PIECE), memory[128];
	struct text problem = TEXT_OVER(memory);
	ssize_t got;

	while ((got = read(fd, piece, AUDIT_COMMAND_PIECE)) > 0)
		if (!gzip_lines_add(lines, piece, (size_t)got, &problem))
			break;
	free(piece);
	gzip_lines_free(lines);
}

/* Return whether the file is a second copy of the lines of another one. */
static bool
audit_command_is_copy(const struct audit_name *names, const enum audit_kind *kinds, size_t count,
		      size_t file)
{
	if (kinds[file] == AUDIT_PACKING)
		return true;
	for (size_t i = 0; kinds[file] == AUDIT_LINES && i < count; i++)
		if (kinds[i] == AUDIT_FINISHED && names[i].number == names[file].number &&
		    strcmp(names[i].instance, names[file].instance) == 0)
			return true;
	return false;
}

/* Read the file NAME of KIND in FOLDER. False: it cannot be read, which is printed. */
static bool
audit_command_search_file(struct audit_search *search, const char *folder,
			  const struct audit_name *name, enum audit_kind kind)
{
	char memory[4096];
	struct text path = TEXT_OVER(memory);
	int fd;

	text_addf(&path, "%s/", folder);
	audit_name_add(name, kind, &path);
	fd = open(memory, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return true; /* it has moved on meanwhile */
	if (fd < 0) {
		fprintf(stderr, "tickrd: the audit file %s cannot be read: %s\n", memory,
			strerror(errno));
		return false;
	}
	audit_command_read(search, fd, kind != AUDIT_JOURNAL && kind != AUDIT_LINES);
	close(fd);
	return true;
}

static bool
audit_command_search_spool(struct audit_search *search, const char *folder)
{
	enum audit_kind *kinds;
	size_t count;
	struct audit_name *names = spool_look(folder, &kinds, &count);
	bool is_good = true;

	if (names == NULL) {
		fprintf(stderr, "tickrd: the folder %s cannot be read: %s (TICKR_AUDIT_DIR)\n",
			folder, strerror(errno));
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (audit_command_wants(search, names[i].hour) &&
		    !audit_command_is_copy(names, kinds, count, i))
			is_good = audit_command_search_file(search, folder, &names[i], kinds[i]) &&
				  is_good;
	free(names);
	free(kinds);
	return is_good;
}

/* --- the bucket -------------------------------------------------------------------------------------- */

static bool
audit_command_on_object(void *arg, const char *bytes, size_t len)
{
	struct audit_search *search = arg;
	struct gzip_lines *lines = gzip_lines_new(true, audit_command_on_line, search);
	char memory[128];
	struct text problem = TEXT_OVER(memory);
	bool is_read = gzip_lines_add(lines, bytes, len, &problem);

	gzip_lines_free(lines);
	return is_read;
}

static bool
audit_command_search_bucket(struct audit_search *search, const struct config *config)
{
	char prefix_memory[128], reason_memory[512];
	struct text reason = TEXT_OVER(reason_memory);
	bool is_good = true;

	for (uint64_t hour = search->hour; is_good && hour <= search->hour + search->has_hour;
	     hour++) {
		struct text prefix = TEXT_OVER(prefix_memory);

		if (search->has_hour)
			audit_name_add_folder(hour, &prefix);
		is_good = audit_bucket_read(config, prefix_memory, audit_command_on_object, search,
					    &reason);
	}
	if (!is_good)
		fprintf(stderr, "tickrd: the bucket cannot be searched: %s (TICKR_AUDIT_S3_URL)\n",
			reason_memory);
	return is_good;
}

int
audit_command_find(const struct config *config, const struct audit_command *command)
{
	struct audit_search search = {.id = command->id, .has_hour = command->hour != NULL};
	bool is_good;

	if (config->audit_dir[0] == '\0') {
		fprintf(stderr, "tickrd: there is no audit: set TICKR_AUDIT_DIR to its folder\n");
		return EX_CONFIG;
	}
	if (command->hour != NULL && !audit_name_parse_hour(command->hour, &search.hour)) {
		fprintf(stderr,
			"tickrd: --hour takes an hour in UTC, such as 2024-01-03T19, not %s\n",
			command->hour);
		return EX_USAGE;
	}
	is_good = audit_command_search_spool(&search, config->audit_dir);
	if (config->audit_s3_url[0] != '\0' && !audit_command_search_bucket(&search, config))
		is_good = false;
	if (!is_good)
		return EX_UNAVAILABLE;
	if (search.found == 0)
		fprintf(stderr, "tickrd: no record has this id\n");
	return search.found > 0 ? 0 : 1;
}
