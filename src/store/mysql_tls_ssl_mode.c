#include "store/mysql_tls.h"

bool
mysql_tls_begin(MYSQL *mysql, const struct mysql_settings *settings)
{
	unsigned mode = settings->ssl_verify ? SSL_MODE_VERIFY_IDENTITY : SSL_MODE_REQUIRED;

	if (settings->ssl_ca[0] == '\0' && settings->ssl_cert[0] == '\0')
		return false;
	if (settings->ssl_ca[0] != '\0')
		mysql_options(mysql, MYSQL_OPT_SSL_CA, settings->ssl_ca);
	if (settings->ssl_cert[0] != '\0') {
		mysql_options(mysql, MYSQL_OPT_SSL_CERT, settings->ssl_cert);
		mysql_options(mysql, MYSQL_OPT_SSL_KEY, settings->ssl_key);
	}
	mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
	return true;
}
