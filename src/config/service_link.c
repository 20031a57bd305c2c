/*
 * The forms, for a service X:
 *
 *	X_SERVICE_HOST, X_SERVICE_PORT, X_SERVICE_PORT_anything		Kubernetes
 *	X_PORT=tcp://10.96.0.12:3306					both
 *	X_PORT_3306_TCP, X_PORT_3306_TCP_ADDR, ..._PORT, ..._PROTO	both; or UDP, SCTP
 *	X_NAME=/consumer/x, X_ENV_anything				Docker, together with X_PORT
 */
#include <ctype.h>
#include <string.h>

#include "base/attributes.h"
#include "config/service_link.h"

static bool
service_link_is_address(const char *value)
{
	static const char *const schemes[] = {"tcp://", "udp://", "sctp://"};

	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++)
		if (strncmp(value, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* Whether REST, which follows X_PORT, is _NUMBER_PROTOCOL and at most one more word. */
static bool
service_link_is_port_and_protocol(const char *rest)
{
	static const char *const ends[] = {
		"TCP",	    "TCP_ADDR",	 "TCP_PORT", "TCP_PROTO", "UDP",       "UDP_ADDR",
		"UDP_PORT", "UDP_PROTO", "SCTP",     "SCTP_ADDR", "SCTP_PORT", "SCTP_PROTO",
	};
	size_t digits = rest[0] == '_' ? strspn(rest + 1, "0123456789") : 0;

	if (digits == 0 || rest[1 + digits] != '_')
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
		if (strcmp(rest + 2 + digits, ends[i]) == 0)
			return true;
	return false;
}

/* X itself may contain _PORT, so try each place where it ends. */
static bool
service_link_has_port(const char *name, const char *value)
{
	static const char infix[] = "_PORT";

	for (const char *at = name; (at = strstr(at, infix)) != NULL; at++) {
		const char *rest = at + strlen(infix);

		if (service_link_is_port_and_protocol(rest) ||
		    (rest[0] == '\0' && service_link_is_address(value)))
			return true;
	}
	return false;
}

static bool
service_link_has_service(const char *name)
{
	static const char host[] = "_SERVICE_HOST", port[] = "_SERVICE_PORT";
	size_t len = strlen(name);
	const char *at = strstr(name, port);

	return (len > strlen(host) && strcmp(name + len - strlen(host), host) == 0) ||
	       (at != NULL && (at[strlen(port)] == '\0' || at[strlen(port)] == '_'));
}

/* Whether ENVIRONMENT has X_PORT with an address; X is the first LEN bytes of NAME. */
static bool
service_link_has_link(const char *name, size_t len, char *const *environment)
{
	static const char port[] = "_PORT=";

	for (; environment != NULL && *environment != NULL; environment++)
		if (strncmp(*environment, name, len) == 0 &&
		    strncmp(*environment + len, port, strlen(port)) == 0 &&
		    service_link_is_address(*environment + len + strlen(port)))
			return true;
	return false;
}

/* Whether PATH is /consumer/x, where X is the first LEN bytes of NAME in capitals. */
static bool
service_link_is_docker_name(const char *path, const char *name, size_t len)
{
	const char *alias = path[0] == '/' ? strchr(path + 1, '/') : NULL;

	if (alias == NULL || strlen(alias + 1) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = alias[1 + i] == '-' ? '_' : alias[1 + i];

		if (toupper((unsigned char)c) != name[i])
			return false;
	}
	return true;
}

static bool
service_link_is_of_docker(const char *name, const char *value, char *const *environment)
{
	static const char end[] = "_NAME", infix[] = "_ENV_";
	const char *at = strstr(name, infix);
	size_t len = strlen(name);

	if (at != NULL && service_link_has_link(name, (size_t)(at - name), environment))
		return true;
	if (len <= strlen(end) || strcmp(name + len - strlen(end), end) != 0)
		return false;
	len -= strlen(end);
	return service_link_is_docker_name(value, name, len) &&
	       service_link_has_link(name, len, environment);
}

bool
service_link_is(const char *name, const char *value, char *const *environment)
{
	return service_link_has_service(name) || service_link_has_port(name, value) ||
	       service_link_is_of_docker(name, value, environment);
}
