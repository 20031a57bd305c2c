#include <assert.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "lease/tree.h"

#define TREE_NAME_SIZE 64

void
lease_tree_folder(const struct lease_tree *tree, enum tree_folder folder, char path[TREE_PATH_SIZE])
{
	struct text text = text_over(path, TREE_PATH_SIZE);

	text_addf(&text, "%s/", tree->prefix);
	switch (folder) {
	case TREE_CONFIG: text_add(&text, "config"); break;
	case TREE_BOUNDS: text_add(&text, "bounds"); break;
	case TREE_RETIRED: text_add(&text, "retired_workers"); break;
	case TREE_WORKERS:
		if (tree->layout == TREE_LAYOUT_NODES)
			text_add(&text, "node");
		else
			text_addf(&text, "datacenters/dc%u/workers", tree->datacenter);
		break;
	}
	assert(!text.is_truncated);
}

/* Write everything before the number of a key's name. */
static void
tree_name_start(const struct lease_tree *tree, enum tree_folder folder, char name[TREE_NAME_SIZE])
{
	struct text text = text_over(name, TREE_NAME_SIZE);

	assert(folder != TREE_CONFIG);
	if (tree->layout == TREE_LAYOUT_NODES)
		return;
	if (folder == TREE_WORKERS)
		text_add(&text, "worker");
	else
		text_addf(&text, "dc%u_worker", tree->datacenter);
}

void
lease_tree_worker(const struct lease_tree *tree, enum tree_folder folder, uint32_t worker,
		  char path[TREE_PATH_SIZE])
{
	char name[TREE_NAME_SIZE];
	struct text text;

	lease_tree_folder(tree, folder, path);
	tree_name_start(tree, folder, name);
	text = text_over(path + strlen(path), TREE_PATH_SIZE - strlen(path));
	text_addf(&text, "/%s%u", name, worker);
	assert(!text.is_truncated);
}

void
lease_tree_setting(const struct lease_tree *tree, const char *name, char path[TREE_PATH_SIZE])
{
	struct text text = text_over(path, TREE_PATH_SIZE);

	text_addf(&text, "%s/config/%s", tree->prefix, name);
	assert(!text.is_truncated);
}

/* A number with leading zeros is the name of another key. */
bool
lease_tree_parse(const struct lease_tree *tree, enum tree_folder folder, const char *name,
		 uint32_t *worker)
{
	char start[TREE_NAME_SIZE];
	uint64_t number;
	const char *digits;

	tree_name_start(tree, folder, start);
	if (strncmp(name, start, strlen(start)) != 0)
		return false;
	digits = name + strlen(start);
	if (digits[0] == '\0' || (digits[0] == '0' && digits[1] != '\0') ||
	    !parse_number(digits, strlen(digits), tree->workers - 1, &number))
		return false;
	*worker = (uint32_t)number;
	return true;
}
