/*
 * mysql_tls -- sets the TLS options of the client library.
 *
 * The two libraries have different options for the check of the server's certificate. So one of two more files is
 * compiled: mysql_tls_ssl_mode.c for Oracle's library, or mysql_tls_verify_flag.c for MariaDB's. In the session's
 * thread.
 */
#ifndef TICKR_STORE_MYSQL_TLS_H
#define TICKR_STORE_MYSQL_TLS_H

#include <mysql.h>

#include "store/mysql_settings.h"

/*
 * Return whether the authority's file holds a certificate; if not, REASON says so. The client library reads the
 * file only if a server offers TLS. It reports a bad file like a handshake that failed.
 */
bool mysql_tls_check(const struct mysql_settings *settings, struct text *reason) MUST_CHECK;

/*
 * Set the options, before connecting. Return whether the settings ask for TLS, which the connection must have
 * then.
 */
bool mysql_tls_begin(MYSQL *mysql, const struct mysql_settings *settings) MUST_CHECK;

#endif
