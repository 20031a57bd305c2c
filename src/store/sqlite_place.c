#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/sqlite_place.h"

/* --- the list ----------------------------------------------------------------------------------- */

static const struct file_system {
	const char *type;
	unsigned magic;
	enum sqlite_place_kind kind;
} file_systems[] = {
	{"ext4", 0xef53, SQLITE_PLACE_DISK}, /* ext2 and ext3 have the same magic */
	{"ext3", 0xef53, SQLITE_PLACE_DISK},
	{"ext2", 0xef53, SQLITE_PLACE_DISK},
	{"xfs", 0x58465342, SQLITE_PLACE_DISK},
	{"btrfs", 0x9123683e, SQLITE_PLACE_DISK},
	{"zfs", 0x2fc12fc1, SQLITE_PLACE_DISK},
	{"f2fs", 0xf2f52010, SQLITE_PLACE_DISK},
	{"jfs", 0x3153464a, SQLITE_PLACE_DISK},
	{"reiserfs", 0x52654973, SQLITE_PLACE_DISK},
	{"nilfs2", 0x3434, SQLITE_PLACE_DISK},
	{"bcachefs", 0xca451a4e, SQLITE_PLACE_DISK},
	{"tmpfs", 0x01021994, SQLITE_PLACE_MEMORY},
	{"ramfs", 0x858458f6, SQLITE_PLACE_MEMORY},
	{"rootfs", 0x858458f6, SQLITE_PLACE_MEMORY},
	{"devtmpfs", 0x01021994, SQLITE_PLACE_MEMORY},
	{"overlay", 0x794c7630, SQLITE_PLACE_LAYER},
	{"fuse", 0x65735546, SQLITE_PLACE_SHARED},
	{"fuseblk", 0x65735546, SQLITE_PLACE_SHARED},
	{"virtiofs", 0x65735546, SQLITE_PLACE_SHARED},
	{"fakeowner", 0x65735546, SQLITE_PLACE_SHARED}, /* of Docker Desktop */
	{"9p", 0x01021997, SQLITE_PLACE_SHARED},
	{"nfs", 0x6969, SQLITE_PLACE_SHARED},
	{"nfs4", 0x6969, SQLITE_PLACE_SHARED},
	{"cifs", 0xff534d42, SQLITE_PLACE_SHARED},
	{"smb3", 0xfe534d42, SQLITE_PLACE_SHARED},
	{"smbfs", 0x517b, SQLITE_PLACE_SHARED},
	{"ceph", 0x00c36400, SQLITE_PLACE_SHARED},
	{"lustre", 0x0bd00bd0, SQLITE_PLACE_SHARED},
	{"gfs2", 0x01161970, SQLITE_PLACE_SHARED},
	{"ocfs2", 0x7461636f, SQLITE_PLACE_SHARED},
	{"afs", 0x5346414f, SQLITE_PLACE_SHARED},
	{"vboxsf", 0x786f4256, SQLITE_PLACE_SHARED},
	{"vmhgfs", 0xbacbacbc, SQLITE_PLACE_SHARED},
	{"prl_fs", 0x7c7c6673, SQLITE_PLACE_SHARED},
	{"beegfs", 0x19830326, SQLITE_PLACE_SHARED},
	{"gpfs", 0x47504653, SQLITE_PLACE_SHARED},
	{"pvfs2", 0x20030528, SQLITE_PLACE_SHARED},
	{"coda", 0x73757245, SQLITE_PLACE_SHARED},
};

enum sqlite_place_kind
sqlite_place_kind(const char *type, unsigned magic)
{
	if (strncmp(type, "fuse.", 5) == 0 || strncmp(type, "fuseblk.", 8) == 0)
		return SQLITE_PLACE_SHARED;
	for (size_t i = 0; i < ARRAY_LENGTH(file_systems); i++)
		if (type[0] != '\0' ? strcmp(type, file_systems[i].type) == 0
				    : magic == file_systems[i].magic)
			return file_systems[i].kind;
	return SQLITE_PLACE_UNKNOWN;
}

bool
sqlite_place_has_locks(const struct sqlite_place *place)
{
	return place->kind == SQLITE_PLACE_DISK || place->kind == SQLITE_PLACE_MEMORY ||
	       place->kind == SQLITE_PLACE_LAYER;
}

/* --- asking the kernel ---------------------------------------------------------------------------- */

uint64_t
sqlite_place_mount(const char *path)
{
	/* Closing a descriptor with O_PATH does not release SQLite's locks on the file. */
	int fd = open(path, O_PATH | O_CLOEXEC);
	char name[64], line[256];
	uint64_t mount = 0;
	FILE *info;

	if (fd < 0)
		return 0;
	/* Kernels before 5.8 have the mount only here. */
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	info = fopen(name, "re");
	while (info != NULL && fgets(line, sizeof(line), info) != NULL)
		if (sscanf(line, "mnt_id: %" SCNu64, &mount) == 1)
			break;
	if (info != NULL)
		fclose(info);
	close(fd);
	return mount;
}

/*
 * Find MOUNT in mountinfo, see proc(5). A line has numbers, paths and options, then " - ", the type, the source
 * and options. A mount outside the root of this process is not listed: the type stays "".
 */
static void
sqlite_place_look_up(uint64_t mount, struct sqlite_place *place)
{
	FILE *list = fopen("/proc/self/mountinfo", "re");
	size_t size = 0;
	char *line = NULL;
	const char *type;
	uint64_t number = 0;

	if (list == NULL)
		return;
	while (getline(&line, &size, list) > 0) {
		if (sscanf(line, "%" SCNu64, &number) != 1 || number != mount)
			continue;
		type = strstr(line, " - ");
		if (type != NULL)
			snprintf(place->type, sizeof(place->type), "%.*s",
				 (int)strcspn(type + 3, " "), type + 3);
		place->is_without_barrier =
			strstr(line, ",nobarrier") != NULL || strstr(line, ",barrier=0") != NULL;
		break;
	}
	free(line);
	fclose(list);
}

struct sqlite_place
sqlite_place_of(const char *path)
{
	struct sqlite_place place = {.kind = SQLITE_PLACE_UNKNOWN};
	struct statfs status;

	sqlite_place_look_up(sqlite_place_mount(path), &place);
	if (statfs(path, &status) != 0)
		return place;
	place.kind = sqlite_place_kind(place.type, (unsigned)status.f_type);
	if (place.type[0] == '\0')
		snprintf(place.type, sizeof(place.type), "type 0x%x", (unsigned)status.f_type);
	return place;
}

void
sqlite_place_warn(const char *path, struct text *warnings)
{
	struct sqlite_place place = sqlite_place_of(path);

	switch (place.kind) {
	case SQLITE_PLACE_DISK: break;
	case SQLITE_PLACE_MEMORY:
		text_addf(warnings,
			  "the database file %s lies in memory (%s): it is lost when the machine "
			  "stops, and a new one would issue its tickets again; move it to a "
			  "disk\n",
			  path, place.type);
		break;
	case SQLITE_PLACE_LAYER:
		text_addf(warnings,
			  "the database file %s lies in a layer of a container (%s): it is lost "
			  "with the container, and a new one would issue its tickets again; move "
			  "it to a volume\n",
			  path, place.type);
		break;
	case SQLITE_PLACE_SHARED:
		text_addf(warnings,
			  "the database file %s lies on %s, where SQLite's locks do not reach "
			  "every server: a ticket may be issued twice; move it to a disk of this "
			  "machine\n",
			  path, place.type);
		break;
	case SQLITE_PLACE_UNKNOWN:
		text_addf(warnings,
			  "the database file %s lies on a file system that tickrd does not know "
			  "(%s): a ticket may be issued twice if SQLite's locks do not work "
			  "there; move it to a disk of this machine\n",
			  path, place.type);
		break;
	}
	if (place.is_without_barrier)
		text_addf(
			warnings,
			"the database file %s lies on a disk that is mounted without barriers: "
			"after a power failure the last tickets may be issued twice; mount it with "
			"barriers\n",
			path);
}
