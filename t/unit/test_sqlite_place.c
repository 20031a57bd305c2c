#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite_place.h"

Test(sqlite_place, only_file_systems_of_one_kernel_have_locks)
{
	static const struct {
		const char *type;
		unsigned magic;
		enum sqlite_place_kind kind;
		bool has_locks;
	} cases[] = {
		{"ext4", 0xef53, SQLITE_PLACE_DISK, true},
		{"xfs", 0x58465342, SQLITE_PLACE_DISK, true},
		{"btrfs", 0x9123683e, SQLITE_PLACE_DISK, true},
		{"zfs", 0x2fc12fc1, SQLITE_PLACE_DISK, true},
		{"tmpfs", 0x01021994, SQLITE_PLACE_MEMORY, true},
		{"ramfs", 0x858458f6, SQLITE_PLACE_MEMORY, true},
		{"overlay", 0x794c7630, SQLITE_PLACE_LAYER, true},
		{"nfs4", 0x6969, SQLITE_PLACE_SHARED, false},
		{"cifs", 0xff534d42, SQLITE_PLACE_SHARED, false},
		{"fuse", 0x65735546, SQLITE_PLACE_SHARED, false},
		{"fuse.sshfs", 0x65735546, SQLITE_PLACE_SHARED, false},
		{"fuse.grpcfuse", 0x65735546, SQLITE_PLACE_SHARED, false},
		{"virtiofs", 0x65735546, SQLITE_PLACE_SHARED, false},
		{"fakeowner", 0x65735546, SQLITE_PLACE_SHARED, false},
		{"9p", 0x01021997, SQLITE_PLACE_SHARED, false},
		{"ceph", 0x00c36400, SQLITE_PLACE_SHARED, false},
		{"lustre", 0x0bd00bd0, SQLITE_PLACE_SHARED, false},
		{"gfs2", 0x01161970, SQLITE_PLACE_SHARED, false},
		{"ocfs2", 0x7461636f, SQLITE_PLACE_SHARED, false},
		{"afs", 0x5346414f, SQLITE_PLACE_SHARED, false},
		{"vboxsf", 0x786f4256, SQLITE_PLACE_SHARED, false},
		{"vmhgfs", 0xbacbacbc, SQLITE_PLACE_SHARED, false},
		/* The name decides: a file system may show the magic of another. */
		{"wrapfs", 0xef53, SQLITE_PLACE_UNKNOWN, false},
		{"tomorrowfs", 0x12345678, SQLITE_PLACE_UNKNOWN, false},
		/* Outside of the root of the process, only the magic is known. */
		{"", 0xef53, SQLITE_PLACE_DISK, true},
		{"", 0x65735546, SQLITE_PLACE_SHARED, false},
		{"", 0x12345678, SQLITE_PLACE_UNKNOWN, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct sqlite_place place = {
			.kind = sqlite_place_kind(cases[i].type, cases[i].magic)};

		cr_assert_eq(place.kind, cases[i].kind, "%s, case %zu", cases[i].type, i);
		cr_assert_eq(sqlite_place_has_locks(&place), cases[i].has_locks, "%s, case %zu",
			     cases[i].type, i);
	}
}

Test(sqlite_place, the_kernel_names_the_file_system)
{
	struct sqlite_place place = sqlite_place_of("/proc/self/status");

	cr_assert_str_eq(place.type, "proc");
	cr_assert_eq(place.kind, SQLITE_PLACE_UNKNOWN);
	cr_assert_neq(sqlite_place_mount("/proc/self/status"), 0);
	cr_assert_eq(sqlite_place_mount("/proc/self/no such file"), 0);
}

Test(sqlite_place, an_unknown_place_has_a_warning)
{
	char memory[512];
	struct text warnings = TEXT_OVER(memory);

	sqlite_place_warn("/proc/self/status", &warnings);
	cr_assert_not_null(strstr(memory, "does not know (proc)"), "%s", memory);
	cr_assert_eq(memory[warnings.len - 1], '\n');
}
