#include <stdio.h>
#include <string.h>

#include "store/mysql_tls.h"

#define LINE_SIZE 256

bool
mysql_tls_check(const struct mysql_settings *settings, struct text *reason)
{
	char line[LINE_SIZE];
	bool is_found = false;
	FILE *in;

	if (settings->ssl_ca[0] == '\0')
		return true;
	in = fopen(settings->ssl_ca, "re");
	while (in != NULL && !is_found && fgets(line, sizeof(line), in) != NULL)
		is_found = strstr(line, "CERTIFICATE-----") != NULL;
	if (in != NULL)
		fclose(in);
	if (!is_found)
		text_addf(reason,
			  "TICKR_DATABASE_SSL_CA=%s holds no certificate: set it to a file in PEM, "
			  "with BEGIN CERTIFICATE",
			  settings->ssl_ca);
	return is_found;
}
