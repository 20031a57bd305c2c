/*
 * mysql_tls -- tells the client library to use TLS, in the vendor's own way.
 *
 * One of mysql_tls_ssl_mode.c (Oracle's library) and mysql_tls_verify_flag.c (MariaDB's)
 * is compiled: the two know the check of the server's certificate by different options.
 */
#ifndef TICKR_STORE_MYSQL_TLS_H
#define TICKR_STORE_MYSQL_TLS_H

#include <mysql.h>

#include "store/store.h"

/* Before connecting. Whether the settings ask for TLS; then the connection must have it. */
bool mysql_tls_begin(MYSQL *mysql, const struct store_settings *settings) MUST_CHECK;

#endif
