/*
 * ZooKeeper refuses "/", "." and "..", control characters, and the letters from U+D800 to U+F8FF and from U+FFF0 on. A
 * program that keeps counters in ZooKeeper cannot have such names. So they are written with %XX for a byte, and all
 * others as they are, except "%" and the name "zookeeper", which ZooKeeper has for itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "store/shelf.h"
#include "store/zookeeper_sequences.h"

/* Whether ZooKeeper takes the letter of LEN bytes at BYTES. */
static bool
zookeeper_path_is_allowed(const unsigned char *bytes, size_t len)
{
	if (len == 1)
		return bytes[0] > 0x1f && bytes[0] < 0x7f && bytes[0] != '/' && bytes[0] != '%';
	if (len == 2)
		return !(bytes[0] == 0xc2 && bytes[1] <= 0x9f);
	if (len == 3) {
		unsigned letter = (bytes[0] & 15u) << 12 | (bytes[1] & 63u) << 6 | (bytes[2] & 63u);

		return letter < 0xd800 || (letter > 0xf8ff && letter < 0xfff0);
	}
	return false; /* Java has two surrogates for it */
}

void
zookeeper_path_write(const char *name, size_t name_len, char *path)
{
	struct text text = text_over(path, ZOOKEEPER_PATH_SIZE);
	bool is_taken =
		strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "zookeeper") == 0;

	text_add(&text, "/");
	for (size_t at = 0; at < name_len;) {
		size_t len = text_letter_len(name + at);
		bool is_allowed = len > 0 && len <= name_len - at && !(is_taken && at == 0) &&
				  zookeeper_path_is_allowed((const unsigned char *)name + at, len);

		if (is_allowed)
			text_add_bytes(&text, name + at, len);
		else {
			len = 1;
			text_addf(&text, "%%%02X", (unsigned char)name[at]);
		}
		at += len;
	}
}

bool
zookeeper_path_read(const char *path, char *name, size_t *name_len)
{
	*name_len = 0;
	for (path += path[0] == '/'; *path != '\0'; path++) {
		unsigned byte = (unsigned char)*path;

		if (*name_len == SHELF_NAME_SIZE - 1)
			return false;
		if (byte == '%') {
			if (!isxdigit((unsigned char)path[1]) ||
			    !isxdigit((unsigned char)path[2]) ||
			    sscanf(path + 1, "%2X", &byte) != 1)
				return false;
			path += 2;
		}
		name[(*name_len)++] = (char)byte;
	}
	name[*name_len] = '\0';
	return *name_len > 0;
}
