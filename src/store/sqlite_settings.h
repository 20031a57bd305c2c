/*
 * sqlite_settings -- finds the path of the database file.
 *
 * Main thread; afterwards the path is read only. For the files of the sqlite store only.
 */
#ifndef TICKR_STORE_SQLITE_SETTINGS_H
#define TICKR_STORE_SQLITE_SETTINGS_H

#include <pthread.h>

#include "store/store.h"

/* OWN of the settings. The copies of the settings share it, and so their claims are one. */
struct sqlite_settings {
	char *path;
	pthread_mutex_t mutex;
	struct store_claim *claim; /* under the mutex; NULL: no session has claimed the file */
	unsigned claims;	   /* under the mutex: claim() without release() */
};

/* The variables that sqlite_parse() reads, ended by NULL. */
extern const char *const sqlite_variables[];

/* Return the path of the file of SETTINGS, which is their name too. */
const char *sqlite_path(const struct store_settings *settings);

/* As parse() and forget() of the store. */
void sqlite_parse(const struct store_given *given, struct store_settings *databases, size_t count);
void sqlite_forget(struct store_settings *database);

#endif
