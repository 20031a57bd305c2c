/*
 * mysql_settings -- what MySQL and MariaDB need to know beyond the settings of every store.
 *
 * Main thread; afterwards the struct is read only. Used by the mysql store's files only.
 */
#ifndef TICKR_STORE_MYSQL_SETTINGS_H
#define TICKR_STORE_MYSQL_SETTINGS_H

#include "store/server.h"

struct mysql_settings {
	struct server server;
	char *ssl_ca; /* these three: the path of a file in PEM; "" is none */
	char *ssl_cert;
	char *ssl_key;
	bool ssl_verify;
};

/* The variables that mysql_parse() reads; NULL ends them. */
extern const char *const mysql_variables[];

/* The name of the database (schema) of SETTINGS. */
const char *mysql_database(const struct store_settings *settings);

/* As parse() and forget() of the store. */
void mysql_parse(const struct store_given *given, struct store_settings *databases, size_t count);
void mysql_forget(struct store_settings *database);

#endif
