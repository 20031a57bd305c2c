/*
 * secret -- reads passwords from files. Main thread.
 */
#ifndef TICKR_CONFIG_SECRET_H
#define TICKR_CONFIG_SECRET_H

#include "config/loader.h"

/*
 * Replace *SECRET, the password of VARIABLE, by the content of the file at PATH. If PATH is "", keep *SECRET.
 * The file has one line, or up to MOST_LINES of them, and no empty one. Mistakes go to LOADER.
 */
void secret_read(struct loader *loader, const char *variable, const char *path, size_t most_lines,
		 char **secret);

#endif
