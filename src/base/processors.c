/*
 * DESIGN. A quota limits a control group and all groups below it. So the smallest quota counts, from our
 * group up to the root of the mount. /proc/self/cgroup names our group:
 *
 *	0::/system.slice/tickrd.service			version 2
 *	4:cpu,cpuacct:/docker/1234				version 1
 *
 * /proc/self/mountinfo names the folder of each tree of groups. A container may see only a part of the
 * tree. Then the fourth field, the mount's root, is the front part of our group's name.
 *
 *	30 25 0:26 /docker/1234 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/processors.h"

#define PATH_SIZE     4096
#define MOST_AFFINITY 65536 /* processors in the largest set */

/* --- affinity -------------------------------------------------------------------------------- */

/* Return the processors of the affinity, 0 if unknown. The kernel refuses a set smaller than its own. */
static unsigned
processors_count_affinity(void)
{
	for (unsigned most = 1024; most <= MOST_AFFINITY; most *= 2) {
		cpu_set_t *set = CPU_ALLOC(most);
		size_t size = CPU_ALLOC_SIZE(most);
		unsigned count = 0;
		bool is_too_small = false;

		if (set != NULL && sched_getaffinity(0, size, set) == 0)
			count = (unsigned)CPU_COUNT_S(size, set);
		else
			is_too_small = set != NULL && errno == EINVAL;
		CPU_FREE(set);
		if (!is_too_small)
			return count;
	}
	return 0;
}

/* --- quotas ---------------------------------------------------------------------------------- */

/* Return true if WORD is in LIST, whose words are separated by commas. */
static bool
processors_is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t part = strcspn(list, ",");

		if (part == len && strncmp(list, word, len) == 0)
			return true;
		list += part + (list[part] == ',');
	}
	return false;
}

static bool
processors_read_line(const char *folder, const char *name, char *line, size_t size)
{
	char path[2 * PATH_SIZE + 64];
	FILE *file;
	bool is_read;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	is_read = fgets(line, (int)size, file) != NULL;
	fclose(file);
	return is_read;
}

/* Return the quota of one group in processors, rounded up; 0: none. */
static unsigned
processors_quota_of(const char *folder, bool is_v2)
{
	char line[128];
	long long quota = -1, period = 0;

	if (is_v2) {
		if (!processors_read_line(folder, "cpu.max", line, sizeof(line)) ||
		    sscanf(line, "%lld %lld", &quota, &period) != 2)
			return 0;
	} else {
		if (!processors_read_line(folder, "cpu.cfs_quota_us", line, sizeof(line)))
			return 0;
		quota = strtoll(line, NULL, 10);
		if (!processors_read_line(folder, "cpu.cfs_period_us", line, sizeof(line)))
			return 0;
		period = strtoll(line, NULL, 10);
	}
	if (quota <= 0 || period <= 0 || quota / period >= MOST_AFFINITY)
		return 0;
	return (unsigned)((quota + period - 1) / period);
}

/* Return the smallest quota from the folder PATH up to the mount's folder, its first TOP bytes; 0: none. */
static unsigned
processors_least_quota(char *path, size_t top, bool is_v2)
{
	unsigned processors_least = 0;

	for (;;) {
		unsigned quota = processors_quota_of(path, is_v2);
		char *slash;

		if (quota > 0 && (processors_least == 0 || quota < processors_least))
			processors_least = quota;
		slash = strrchr(path + top, '/');
		if (slash == NULL)
			return processors_least;
		*slash = '\0';
	}
}

/* Copy our group's name in the tree of the version to GROUP. Return false if there is none. */
static bool
processors_find_group(const char *proc, bool is_v2, char *group)
{
	char path[PATH_SIZE], line[PATH_SIZE + 256];
	bool is_found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/cgroup", proc);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (!is_found && fgets(line, sizeof(line), file) != NULL) {
		char *controllers = strchr(line, ':');
		char *name = controllers != NULL ? strchr(++controllers, ':') : NULL;

		if (name == NULL)
			continue;
		*name++ = '\0';
		name[strcspn(name, "\n")] = '\0';
		is_found =
			is_v2 ? controllers[0] == '\0' : processors_is_listed(controllers, "cpu");
		if (is_found)
			snprintf(group, PATH_SIZE, "%s", name);
	}
	fclose(file);
	return is_found;
}

/* Parse a LINE of mountinfo. Return false unless it mounts control groups of the version. */
static bool
processors_read_mount(char *line, bool is_v2, const char **root, const char **folder)
{
	char *fields[6], *rest = line, *type, *options;

	for (size_t i = 0; i < 6; i++)
		if ((fields[i] = strsep(&rest, " ")) == NULL)
			return false;
	/* Skip the optional fields, up to a dash. */
	while ((type = strsep(&rest, " ")) != NULL && strcmp(type, "-") != 0)
		continue;
	type = strsep(&rest, " ");
	(void)strsep(&rest, " "); /* skip the source */
	options = rest;
	if (options == NULL)
		return false;
	options[strcspn(options, "\n")] = '\0';
	*root = fields[3];
	*folder = fields[4];
	return is_v2 ? strcmp(type, "cgroup2") == 0
		     : strcmp(type, "cgroup") == 0 && processors_is_listed(options, "cpu");
}

/* Return the part of GROUP below ROOT. It is "" if the mount shows another part of the tree. */
static const char *
processors_group_below(const char *group, const char *root)
{
	size_t len = strlen(root);

	if (strcmp(root, "/") == 0)
		return strcmp(group, "/") == 0 ? "" : group;
	if (strncmp(group, root, len) == 0 && (group[len] == '/' || group[len] == '\0'))
		return group + len;
	return "";
}

static unsigned
processors_find_quota(const char *proc, bool is_v2)
{
	char path[2 * PATH_SIZE], line[4 * PATH_SIZE], group[PATH_SIZE];
	unsigned quota = 0;
	FILE *file;

	if (!processors_find_group(proc, is_v2, group))
		return 0;
	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (quota == 0 && fgets(line, sizeof(line), file) != NULL) {
		const char *root, *folder;

		if (!processors_read_mount(line, is_v2, &root, &folder))
			continue;
		snprintf(path, sizeof(path), "%s%s", folder, processors_group_below(group, root));
		quota = processors_least_quota(path, strlen(folder), is_v2);
	}
	fclose(file);
	return quota;
}

/* --- both together --------------------------------------------------------------------------- */

static unsigned
processors_least(unsigned one, unsigned other)
{
	return other > 0 && other < one ? other : one;
}

unsigned
processors_usable(const char *proc)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = processors_count_affinity();

	if (count == 0)
		count = online > 0 ? (unsigned)online : 1;
	count = processors_least(count, processors_find_quota(proc, true));
	return processors_least(count, processors_find_quota(proc, false));
}
