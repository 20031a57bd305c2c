#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/mysql_settings.h"
#include "ticket/database.h"

const char *const mysql_variables[] = {
	SERVER_VARIABLES,	  "TICKR_DATABASE_SSL_CA",     "TICKR_DATABASE_SSL_CERT",
	"TICKR_DATABASE_SSL_KEY", "TICKR_DATABASE_SSL_VERIFY", NULL,
};

/* Check now that the file of VARIABLE can be read. The client library reads it when a server offers TLS. */
static void
mysql_settings_check_file(const struct store_given *given, const char *variable)
{
	const char *path = given->text(given, variable, 0);
	struct stat status;

	if (path[0] == '\0')
		return;
	if (access(path, R_OK) != 0 || stat(path, &status) != 0)
		text_addf(given->problems, "%s=%s cannot be read: %s\n", variable, path,
			  strerror(errno));
	else if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
		text_addf(given->problems, "%s=%s is not a file\n", variable, path);
}

void
mysql_parse(const struct store_given *given, struct store_settings *databases, size_t count)
{
	struct server *servers[MOST_DATABASES];

	for (size_t i = 0; i < count; i++) {
		struct mysql_settings *own = xcalloc(1, sizeof(*own));

		own->ssl_ca = xstrdup(given->text(given, "TICKR_DATABASE_SSL_CA", i));
		own->ssl_cert = xstrdup(given->text(given, "TICKR_DATABASE_SSL_CERT", i));
		own->ssl_key = xstrdup(given->text(given, "TICKR_DATABASE_SSL_KEY", i));
		own->ssl_verify =
			strcmp(given->text(given, "TICKR_DATABASE_SSL_VERIFY", i), "yes") == 0;
		servers[i] = &own->server;
		databases[i].own = own;
		databases[i].name = own->server.label;
	}
	servers_parse(given, servers, count);
	mysql_settings_check_file(given, "TICKR_DATABASE_SSL_CA");
	mysql_settings_check_file(given, "TICKR_DATABASE_SSL_CERT");
	mysql_settings_check_file(given, "TICKR_DATABASE_SSL_KEY");
	if (given->is_set(given, "TICKR_DATABASE_SSL_CERT") !=
	    given->is_set(given, "TICKR_DATABASE_SSL_KEY"))
		text_add(given->problems, "TICKR_DATABASE_SSL_CERT and TICKR_DATABASE_SSL_KEY go "
					  "together: set both or neither\n");
}

const char *
mysql_database(const struct store_settings *settings)
{
	const struct mysql_settings *own = settings->own;

	return own->server.database;
}

void
mysql_forget(struct store_settings *database)
{
	struct mysql_settings *own = database->own;

	server_forget(&own->server);
	free(own->ssl_ca);
	free(own->ssl_cert);
	free(own->ssl_key);
	free(own);
	database->own = NULL;
	database->name = NULL;
}
