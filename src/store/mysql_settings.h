/*
 * mysql_settings -- reads the settings that only MySQL and MariaDB have.
 *
 * Main thread; afterwards the struct is read only. For the files of the mysql store only.
 */
#ifndef TICKR_STORE_MYSQL_SETTINGS_H
#define TICKR_STORE_MYSQL_SETTINGS_H

#include "store/server.h"

struct mysql_settings {
	struct server server;
	char *ssl_ca; /* the path of a file in PEM, as the next two; "": none */
	char *ssl_cert;
	char *ssl_key;
	bool ssl_verify;
};

/* The variables that mysql_parse() reads, ended by NULL. */
extern const char *const mysql_variables[];

/* Return the name of the database (schema) of SETTINGS. */
const char *mysql_database(const struct store_settings *settings);

/* As parse() and forget() of the store. */
void mysql_parse(const struct store_given *given, struct store_settings *databases, size_t count);
void mysql_forget(struct store_settings *database);

#endif
