#include <string.h>

#include "front/rewrite.h"

bool
rewrite_key(const char *prefix, const char *key, size_t len, struct rewritten *name,
	    struct text *reason)
{
	size_t prefix_len = strlen(prefix);

	if (prefix_len > 0 &&
	    memmem(key, len, REWRITE_SEPARATOR, strlen(REWRITE_SEPARATOR)) != NULL) {
		text_add(reason, "a key of this store must not have " REWRITE_SEPARATOR
				 ", which ends the name of an application: use another key");
		return false;
	}
	if (prefix_len + len > sizeof(name->name)) {
		text_addf(reason,
			  "the key has %zu bytes, and with the prefix of this store at most %zu "
			  "are allowed: use a shorter key",
			  len, sizeof(name->name) - prefix_len);
		return false;
	}
	memcpy(name->name, prefix, prefix_len);
	memcpy(name->name + prefix_len, key, len);
	name->len = prefix_len + len;
	return true;
}

bool
rewrite_is_key(const char *prefix, const char *name, size_t len)
{
	size_t prefix_len = strlen(prefix);

	return len > prefix_len && memcmp(name, prefix, prefix_len) == 0;
}
