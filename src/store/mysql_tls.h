/*
 * mysql_tls -- tells the client library to use TLS, in the vendor's own way.
 *
 * Besides mysql_tls.c, one of mysql_tls_ssl_mode.c (Oracle's library) and mysql_tls_verify_flag.c (MariaDB's)
 * is compiled: the two know the check of the server's certificate by different options.
 */
#ifndef TICKR_STORE_MYSQL_TLS_H
#define TICKR_STORE_MYSQL_TLS_H

#include <mysql.h>

#include "store/mysql_settings.h"

/*
 * Whether the authority's file holds a certificate; if not, REASON says so. The client library reads the
 * file only when a server offers TLS, and its error is that of a handshake that failed.
 */
bool mysql_tls_check(const struct mysql_settings *settings, struct text *reason) MUST_CHECK;

/* Before connecting. Whether the settings ask for TLS; then the connection must have it. */
bool mysql_tls_begin(MYSQL *mysql, const struct mysql_settings *settings) MUST_CHECK;

#endif
