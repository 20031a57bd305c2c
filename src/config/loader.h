/*
 * loader -- what config.c, given.c, secret.c and databases.c share while the settings are loaded. Main
 * thread.
 */
#ifndef TICKR_CONFIG_LOADER_H
#define TICKR_CONFIG_LOADER_H

#include <stddef.h>

#include "config/config.h"
#include "config/key_table.h"

/* What is being loaded: the values as they were given, not yet looked at. */
struct loader {
	struct config *config;
	char **values;	    /* by the index of the key; NULL: not given */
	bool is_file_bad;   /* it was not read as it was meant: what is not given may stand there */
	struct text *links; /* names of variables that were made for a service */
	size_t hidden_links; /* those that LINKS has no room for */
	struct text *problems;
	struct text *warnings;
};

/* given.c: take the values of a file and then those of the environment, which go before. */
void loader_give_file(struct loader *loader, const char *path);
void loader_give_environment(struct loader *loader, char *const *environment);

/* One warning about variables that Kubernetes or Docker made. */
void loader_warn_of_links(struct loader *loader);

/* The key of VARIABLE, which is in the table. */
const struct key *loader_key(const char *variable);

/* The value of VARIABLE as it was given; NULL: it was not, or is empty. */
const char *loader_value(const struct loader *loader, const char *variable);

/* A line: KEY's VALUE (NULL: there is none) is not what it must be. */
void loader_add_problem(struct loader *loader, const struct key *key, const char *value);

/*
 * Replace *SECRET by what is in the file at PATH, if there is a path: one line, or with MOST_LINES
 * above 1 up to so many, none of them empty. VARIABLE is the one that has the secret itself.
 */
void loader_read_secret(struct loader *loader, const char *variable, const char *path,
			size_t most_lines, char **secret);

/*
 * Return what is at an end of the LEN bytes at VALUE and hardly ever meant, such as "ends in a newline";
 * NULL if there is nothing.
 */
const char *loader_stray(const char *value, size_t len);

/* Passwords do not stay behind in memory that is given back. NULL is none. */
void config_forget(char *secret);

/* What the settings say of the databases; and what was made of it goes. */
void databases_derive(struct loader *loader);
void databases_free(struct config *config);

#endif
