#include <criterion/criterion.h>
#include <string.h>

#include "store/shelf.h"
#include "store/zookeeper_sequences.h"

Test(zookeeper_path, each_name_has_its_own_path)
{
	static const struct {
		const char *name, *path;
	} cases[] = {
		{"sequencer|||app||orders", "/sequencer|||app||orders"},
		{"\xc3\xa4", "/\xc3\xa4"},
		{"\xe2\x82\xac", "/\xe2\x82\xac"},
		{"a/b", "/a%2Fb"},
		{"a%2Fb", "/a%252Fb"},
		{"\xff"
		 "clock",
		 "/%FFclock"},
		{"%FFclock", "/%25FFclock"},
		{".", "/%2E"},
		{"..", "/%2E."},
		{".a", "/.a"},
		{"zookeeper", "/%7Aookeeper"},
		{"zookeepers", "/zookeepers"},
		{"a\x01\x7f", "/a%01%7F"},
		{"\xc2\x80", "/%C2%80"},
		{"\xef\xbf\xbd", "/%EF%BF%BD"},
		{"\xf0\x9f\x8e\x9f", "/%F0%9F%8E%9F"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char path[ZOOKEEPER_PATH_SIZE], name[SHELF_NAME_SIZE];
		size_t len;

		zookeeper_path_write(cases[i].name, strlen(cases[i].name), path);
		cr_assert_str_eq(path, cases[i].path);
		cr_assert(zookeeper_path_read(path, name, &len));
		cr_assert_str_eq(name, cases[i].name);
		cr_assert_eq(len, strlen(cases[i].name));
	}
}

Test(zookeeper_path, the_longest_name_fits)
{
	char name[SHELF_NAME_SIZE] = "", path[ZOOKEEPER_PATH_SIZE], read[SHELF_NAME_SIZE];
	size_t len;

	memset(name, '/', SHELF_NAME_SIZE - 1);
	zookeeper_path_write(name, SHELF_NAME_SIZE - 1, path);
	cr_assert(zookeeper_path_read(path, read, &len));
	cr_assert_eq(len, SHELF_NAME_SIZE - 1);
	cr_assert_str_eq(read, name);
}

Test(zookeeper_path, other_nodes_are_no_names)
{
	char name[SHELF_NAME_SIZE];
	size_t len;

	cr_assert_not(zookeeper_path_read("/", name, &len));
	cr_assert_not(zookeeper_path_read("a%", name, &len));
	cr_assert_not(zookeeper_path_read("a%2", name, &len));
	cr_assert_not(zookeeper_path_read("a%zz", name, &len));
}
