#include <string.h>

#include "remote/clickhouse_url.h"
#include "remote/web.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* Return the path of TEXT, which begins with the first slash after the host; "": there is none. */
static const char *
clickhouse_url_path(const char *text)
{
	const char *host = strstr(text, "://");

	host = host != NULL ? host + 3 : text;
	return host + strcspn(host, "/?#");
}

const char *
clickhouse_url_parse(const char *text, struct clickhouse_url *url)
{
	const char *path = clickhouse_url_path(text);
	size_t endpoint_len = (size_t)(path - text);
	size_t database_len;
	const char *mistake;

	if (endpoint_len >= sizeof(url->endpoint))
		return "the host is too long";
	memcpy(url->endpoint, text, endpoint_len);
	url->endpoint[endpoint_len] = '\0';
	mistake = web_endpoint_mistake(url->endpoint);
	if (mistake != NULL)
		return mistake;

	path += path[0] == '/';
	database_len = strcspn(path, "/?#");
	if (database_len == 0)
		return "the database is missing: write its name after the host and a slash";
	if (strcmp(path + database_len, "") != 0 && strcmp(path + database_len, "/") != 0)
		return "write nothing after the name of the database: tickrd adds the rest";
	if (strspn(path, letters) < database_len || database_len >= sizeof(url->database))
		return "the name of the database must have 1 to 64 letters, digits and \"_\"";
	memcpy(url->database, path, database_len);
	url->database[database_len] = '\0';
	return NULL;
}
