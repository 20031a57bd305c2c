/*
 * folder_kit -- a folder for the files of a test, which begins and ends with it. One thread.
 */
#ifndef TICKR_T_FOLDER_KIT_H
#define TICKR_T_FOLDER_KIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

/* Make a new folder. */
static inline void
folder_begin(void)
{
	strcpy(folder, "/tmp/tickr_test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		abort();
}

/* Remove it and all that is in it. */
static inline void
folder_end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		abort();
}

#endif
