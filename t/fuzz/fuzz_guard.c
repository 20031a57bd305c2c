/* The input is a letter for the method, the digit of the minor version, then one header on each line. */
#include <string.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "fuzz.h"
#include "http/guard.h"

#define MOST_HEADERS 64

struct request {
	char *text;
	struct evkeyval headers[MOST_HEADERS];
	size_t count;
	struct evkeyvalq list;
	enum evhttp_cmd_type method;
	int minor;
};

/* Split LINE as libevent does: the name up to the colon, the value without the blanks around it. */
static void
add_header(struct request *request, char *line)
{
	struct evkeyval *header = &request->headers[request->count];
	char *colon = strchr(line, ':');
	size_t len;

	if (colon == NULL || request->count == MOST_HEADERS)
		return;
	*colon = '\0';
	header->key = line;
	header->value = colon + 1 + strspn(colon + 1, " ");
	len = strlen(header->value);
	while (len > 0 && strchr(" \t", header->value[len - 1]) != NULL)
		header->value[--len] = '\0';
	TAILQ_INSERT_TAIL(&request->list, header, next);
	request->count++;
}

static const char *
judge(const struct request *request)
{
	return guard_refuses(&request->list, request->method, 1, request->minor);
}

static unsigned
count_of(const struct request *request, const char *name)
{
	unsigned count = 0;

	for (size_t i = 0; i < request->count; i++)
		count += strcasecmp(request->headers[i].key, name) == 0;
	return count;
}

/* An accepted request has one meaning. With a second length it is refused. */
static void
check_passed(struct request *request)
{
	char twice[] = "Content-Length: 0";

	MUST_HOLD(count_of(request, "Content-Length") + count_of(request, "Transfer-Encoding") <=
		  1);
	MUST_HOLD(count_of(request, "Host") <= 1);
	MUST_HOLD(count_of(request, "Host") == 1 || request->minor == 0);
	for (size_t i = 0; i < request->count; i++)
		MUST_HOLD(strpbrk(request->headers[i].key, " \t\r:") == NULL);
	if (request->count == MOST_HEADERS || count_of(request, "Content-Length") == 0)
		return;
	add_header(request, twice);
	MUST_HOLD(judge(request) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct request request = {0};
	char *rest, *line;

	if (len < 2)
		return 0;
	TAILQ_INIT(&request.list);
	request.method = (enum evhttp_cmd_type)(1 << bytes[0] % 9);
	request.minor = bytes[1] - '0';
	request.text = rest = xstrndup((const char *)bytes + 2, len - 2);
	while ((line = strsep(&rest, "\n")) != NULL)
		add_header(&request, line);
	if (judge(&request) == NULL)
		check_passed(&request);
	free(request.text);
	return 0;
}
