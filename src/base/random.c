#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/random.h"

bool
random_bytes(void *bytes, size_t size)
{
	return getrandom(bytes, size, 0) == (ssize_t)size;
}

bool
random_id(char id[RANDOM_ID_SIZE])
{
	uint8_t bytes[RANDOM_ID_LEN / 2];

	id[0] = '\0';
	if (!random_bytes(bytes, sizeof(bytes)))
		return false;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return true;
}
