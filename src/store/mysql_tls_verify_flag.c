#include "store/mysql_tls.h"

bool
mysql_tls_begin(MYSQL *mysql, const struct mysql_settings *settings)
{
	char verify = settings->ssl_verify;
	char enforce = 1;

	if (settings->ssl_ca[0] == '\0' && settings->ssl_cert[0] == '\0')
		return false;
	/* The library verifies with any authority that it has, whatever the flag says. */
	if (settings->ssl_ca[0] != '\0' && settings->ssl_verify)
		mysql_options(mysql, MYSQL_OPT_SSL_CA, settings->ssl_ca);
	if (settings->ssl_cert[0] != '\0') {
		mysql_options(mysql, MYSQL_OPT_SSL_CERT, settings->ssl_cert);
		mysql_options(mysql, MYSQL_OPT_SSL_KEY, settings->ssl_key);
	}
	mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
	mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	return true;
}
