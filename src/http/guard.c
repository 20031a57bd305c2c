#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/parse.h"
#include "http/guard.h"

/* Return whether NAME is a token of RFC 9110. One with a blank before the colon is not. */
static bool
guard_is_token(const char *name)
{
	if (name[0] == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && strchr("!#$%&'*+-.^_`|~", *name) == NULL)
			return false;
	return true;
}

/* Return whether TEXT has a control character. For some readers a bare CR ends a line. */
static bool
guard_has_control_character(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return true;
	return false;
}

/* Return whether libevent reads a body with METHOD. */
static bool
guard_may_have_body(enum evhttp_cmd_type method)
{
	switch (method) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_POST:
	case EVHTTP_REQ_PUT:
	case EVHTTP_REQ_PATCH:
	case EVHTTP_REQ_DELETE:
	case EVHTTP_REQ_OPTIONS: return true;
	default: return false;
	}
}

const char *
guard_refuses(const struct evkeyvalq *headers, enum evhttp_cmd_type method, int major, int minor)
{
	const struct evkeyval *header;
	unsigned lengths = 0, encodings = 0, hosts = 0;
	uint64_t length = 0;

	if (major != 1 || minor < 0 || minor > 1)
		return "the version must be HTTP/1.0 or HTTP/1.1";
	TAILQ_FOREACH (header, headers, next) {
		if (!guard_is_token(header->key))
			return "a header's name holds a character that names must not hold";
		if (guard_has_control_character(header->value))
			return "a header holds a control character";
		if (strcasecmp(header->key, "Host") == 0)
			hosts++;
		if (strcasecmp(header->key, "Content-Length") == 0) {
			lengths++;
			if (!parse_number(header->value, strlen(header->value), INT64_MAX, &length))
				return "Content-Length must be a decimal number";
		}
		if (strcasecmp(header->key, "Transfer-Encoding") == 0) {
			encodings++;
			if (strcasecmp(header->value, "chunked") != 0)
				return "Transfer-Encoding must be chunked, if anything";
		}
	}
	if (lengths + encodings > 1)
		return "there must be one Content-Length or one Transfer-Encoding, not more";
	if (encodings > 0 && minor == 0)
		return "HTTP/1.0 knows no Transfer-Encoding";
	if (hosts > 1 || (hosts == 0 && minor == 1))
		return "there must be one Host header";
	if ((length > 0 || encodings > 0) && !guard_may_have_body(method))
		return "this method must not have a body";
	return NULL;
}

const char *
guard_refuses_target(const char *target)
{
	if (guard_has_control_character(target) || strpbrk(target, " \t#") != NULL)
		return "the target of the request holds a space, a control character or a #: "
		       "percent-encode it";
	return NULL;
}
