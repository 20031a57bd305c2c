#include <string.h>

#include "base/parse.h"
#include "front/auth.h"
#include "grpc/head.h"

static bool
head_is(const char *value, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(value, word, len) == 0;
}

/* application/grpc, and the same with +proto or a parameter. */
static enum head_type
head_type_of(const char *value, size_t len)
{
	static const char grpc[] = "application/grpc";
	size_t grpc_len = sizeof(grpc) - 1;

	if (len < grpc_len || memcmp(value, grpc, grpc_len) != 0)
		return HEAD_OTHER_TYPE;
	value += grpc_len;
	len -= grpc_len;
	if (len >= 6 && memcmp(value, "+proto", 6) == 0) {
		value += 6;
		len -= 6;
	}
	return len == 0 || value[0] == ';' || value[0] == ' ' ? HEAD_GRPC : HEAD_OTHER_TYPE;
}

bool
head_parse_timeout(const char *value, size_t len, uint64_t *us)
{
	static const struct {
		char unit;
		uint64_t ns;
	} units[] = {{'n', 1},		{'u', 1000},	    {'m', 1000000},
		     {'S', 1000000000}, {'M', 60000000000}, {'H', 3600000000000}};
	uint64_t number;

	if (len < 2 || !parse_number(value, len - 1, 99999999, &number))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
		if (units[i].unit == value[len - 1]) {
			*us = number * units[i].ns / 1000;
			return true;
		}
	return false;
}

static void
head_read_timeout(struct grpc_head *head, const char *value, size_t len)
{
	head->has_timeout = true;
	head->is_timeout_bad = !head_parse_timeout(value, len, &head->timeout_us);
}

/* An id for the log, if it is printable and short. */
static void
head_read_request_id(struct grpc_head *head, const char *value, size_t len)
{
	if (len >= sizeof(head->request_id))
		return;
	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return;
	memcpy(head->request_id, value, len);
	head->request_id[len] = '\0';
}

static void
head_read_agent(struct grpc_head *head, const char *value, size_t len)
{
	if (len >= sizeof(head->agent))
		len = sizeof(head->agent) - 1;
	memcpy(head->agent, value, len);
	head->agent[len] = '\0';
}

/* Proxies append to the list, so its end is the part that counts. A first address that is cut is no address. */
static void
head_read_forwarded(struct grpc_head *head, const char *value, size_t len)
{
	size_t kept = len < sizeof(head->forwarded_for) ? len : sizeof(head->forwarded_for) - 1;

	memcpy(head->forwarded_for, value + len - kept, kept);
	head->forwarded_for[kept] = '\0';
	if (kept < len)
		head->forwarded_for[0] = '?';
}

void
head_read(struct grpc_head *head, const char *name, size_t name_len, const char *value,
	  size_t value_len, const char *password)
{
	head->size += name_len + value_len + 32;
	if (head->size > GRPC_MOST_HEAD)
		return; /* the call will be refused */
	if (head_is(name, name_len, ":path"))
		head->method = method_find(value, value_len);
	else if (head_is(name, name_len, ":method"))
		head->is_post = head_is(value, value_len, "POST");
	else if (head_is(name, name_len, "content-type"))
		head->type = head_type_of(value, value_len);
	else if (head_is(name, name_len, "grpc-timeout"))
		head_read_timeout(head, value, value_len);
	else if (head_is(name, name_len, "grpc-encoding"))
		head->is_compressed = !head_is(value, value_len, "identity");
	else if (head_is(name, name_len, "authorization"))
		head->is_authorized = password[0] != '\0' && auth_allows(value, password);
	else if (head_is(name, name_len, "x-request-id"))
		head_read_request_id(head, value, value_len);
	else if (head_is(name, name_len, "user-agent"))
		head_read_agent(head, value, value_len);
	else if (head_is(name, name_len, "x-forwarded-for"))
		head_read_forwarded(head, value, value_len);
}
