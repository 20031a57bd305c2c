#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "faults.h"

static void
read_line(struct fault *fault, const char *line)
{
	char node[24];

	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %31s %" SCNu64 " %23s", &fault->began_us,
		   &fault->ended_us, fault->kind, &fault->servers, node) != 5)
		errx(64, "not a fault: %s", line);
	fault->node = NO_NODE;
	if (strcmp(node, "-") != 0 && !parse_number(node, strlen(node), INT64_MAX, &fault->node))
		errx(64, "not a node: %s", node);
}

struct faults
faults_read(const char *path)
{
	struct faults faults = {NULL, 0};
	FILE *file = fopen(path, "re");
	char line[256];

	if (file == NULL)
		return faults;
	while (fgets(line, sizeof(line), file) != NULL) {
		faults.list = xrealloc(faults.list, (faults.count + 1) * sizeof(*faults.list));
		read_line(&faults.list[faults.count++], line);
	}
	fclose(file);
	return faults;
}

void
faults_free(struct faults *faults)
{
	free(faults->list);
	*faults = (struct faults){NULL, 0};
}

bool
fault_is(const struct fault *fault, const char *kind)
{
	return strcmp(fault->kind, kind) == 0;
}

bool
fault_concerns(const struct fault *fault, unsigned server)
{
	return server < 64 && (fault->servers >> server & 1) != 0;
}

bool
fault_overlaps(const struct fault *fault, uint64_t from_us, uint64_t to_us)
{
	return fault->began_us <= to_us && fault->ended_us >= from_us;
}
