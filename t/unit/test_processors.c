#include <criterion/criterion.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/processors.h"

static char top[64];

static void
begin(void)
{
	strcpy(top, "/tmp/tickr-processors-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
}

static void
end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(processors, .init = begin, .fini = end);

/* Make a file below the test's folder, and its parent folders. */
static void
put(const char *name, const char *format, ...)
{
	char path[512];
	va_list arguments;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fclose(file);
}

static unsigned
usable(void)
{
	char proc[128];

	snprintf(proc, sizeof(proc), "%s/proc", top);
	return processors_usable(proc);
}

static unsigned
affinity(void)
{
	cpu_set_t set;

	cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	return (unsigned)CPU_COUNT(&set);
}

static void
put_version_2(const char *group, const char *root)
{
	put("proc/self/cgroup", "0::%s\n", group);
	put("proc/self/mountinfo",
	    "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
	    "30 21 0:26 %s %s/groups rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
	    root, top);
}

static void
put_version_1(const char *group, const char *root)
{
	put("proc/self/cgroup", "11:memory:/elsewhere\n4:cpu,cpuacct:%s\n1:name=systemd:/x\n",
	    group);
	put("proc/self/mountinfo",
	    "29 21 0:25 / %s/memory rw - cgroup cgroup rw,memory\n"
	    "30 21 0:26 %s %s/groups rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n",
	    top, root, top);
}

Test(processors, without_groups_the_affinity_counts)
{
	cpu_set_t one;

	cr_assert_eq(usable(), affinity());
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	cr_assert_eq(usable(), 1);
}

Test(processors, a_quota_of_version_2_counts_and_a_part_is_one)
{
	put_version_2("/system.slice/tickrd.service", "/");
	put("groups/system.slice/tickrd.service/cpu.max", "50000 100000\n");
	cr_assert_eq(usable(), 1);
	put("groups/system.slice/tickrd.service/cpu.max", "100001 100000\n");
	cr_assert_eq(usable(), affinity() < 2 ? affinity() : 2);
	put("groups/system.slice/tickrd.service/cpu.max", "max 100000\n");
	cr_assert_eq(usable(), affinity());
	put("groups/system.slice/tickrd.service/cpu.max", "nonsense\n");
	cr_assert_eq(usable(), affinity());
}

Test(processors, the_quota_of_a_group_above_counts)
{
	put_version_2("/pods/pod1/container", "/");
	put("groups/pods/pod1/container/cpu.max", "max 100000\n");
	put("groups/pods/cpu.max", "100000 100000\n");
	cr_assert_eq(usable(), 1);
	put("groups/pods/cpu.max", "max 100000\n");
	cr_assert_eq(usable(), affinity());
	put("groups/cpu.max", "100000 100000\n");
	cr_assert_eq(usable(), 1);
}

Test(processors, a_container_with_a_tree_of_its_own_is_found)
{
	put_version_2("/", "/");
	put("groups/cpu.max", "20000 100000\n");
	cr_assert_eq(usable(), 1);
}

Test(processors, a_container_that_sees_a_part_of_the_tree_is_found)
{
	put_version_1("/docker/1234", "/docker/1234");
	put("groups/cpu.cfs_quota_us", "20000\n");
	put("groups/cpu.cfs_period_us", "100000\n");
	cr_assert_eq(usable(), 1);
}

Test(processors, a_quota_of_version_1_counts_with_those_above)
{
	put_version_1("/a/b", "/");
	put("groups/a/b/cpu.cfs_quota_us", "-1\n");
	put("groups/a/b/cpu.cfs_period_us", "100000\n");
	cr_assert_eq(usable(), affinity());
	put("groups/a/cpu.cfs_quota_us", "150000\n");
	put("groups/a/cpu.cfs_period_us", "150000\n");
	cr_assert_eq(usable(), 1);
}

Test(processors, files_that_make_no_sense_are_ignored)
{
	put("proc/self/cgroup", "\n::\n0\n4:cpu\n0::\n");
	put("proc/self/mountinfo",
	    "\n1 2 3\n30 21 0:26 / /x rw\n30 21 0:26 / /x rw -\n"
	    "30 21 0:26 / /x rw - cgroup2\n30 21 0:26 / /x rw - cgroup2 y\n");
	cr_assert_eq(usable(), affinity());
}
