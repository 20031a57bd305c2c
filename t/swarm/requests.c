#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "requests.h"

static void add(struct request *request, const char *format, ...) PRINTF_LIKE(2, 3);

static void
add(struct request *request, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	request->len += (size_t)vsnprintf(request->bytes + request->len,
					  MOST_REQUEST_BYTES - request->len, format, arguments);
	va_end(arguments);
}

static void
add_filling(struct request *request, char c, size_t len)
{
	memset(request->bytes + request->len, c, len);
	request->len += len;
}

/* Add the request line and the headers of all requests. */
static void
begin(struct request *request, struct random *random, const char *line, unsigned connection,
      unsigned id)
{
	if (random_in(random, 10))
		add(request, "\r\n");
	add(request, "%s HTTP/1.1\r\nHost: t\r\nX-Request-Id: %u.%u\r\n", line, connection, id);
	if (random_in(random, 3)) {
		add(request, "Connection: close\r\n");
		request->asked.is_last = true;
	}
}

/* --- sound requests -------------------------------------------------------------------------- */

static void
choose_target(struct request *request, struct random *random, char *line, size_t size)
{
	static const char *const plain[] = {"/livez", "/status", "/readyz", "/metrics"};
	const char *method = random_in(random, 80) ? "GET" : "POST";
	unsigned choice = random_below(random, 10);

	request->asked.kind = ASKED_TICKETS;
	request->asked.count = 1;
	if (choice < 4) {
		snprintf(line, size, "%s /tickets/create", method);
	} else if (choice < 6) {
		request->asked.count = 1 + random_below(random, random_in(random, 5) ? 20000 : 100);
		snprintf(line, size, "%s /tickets/create/%u%s", method, request->asked.count,
			 random_in(random, 50) ? "?format=group" : "");
	} else if (choice < 9) {
		request->asked.kind = ASKED_PLAIN;
		snprintf(line, size, "GET %s", plain[random_in(random, 70) ? 0 : choice - 5]);
	} else {
		request->asked.kind = ASKED_HEAD;
		snprintf(line, size, "HEAD %s", plain[random_below(random, 3)]);
	}
}

static void
add_body(struct request *request, struct random *random)
{
	size_t len = random_below(random, random_in(random, 10) ? 8193 : 20);

	add(request, "Content-Length: %zu\r\n\r\n", len);
	request->pause_at = request->len;
	add_filling(request, 'b', len);
}

static void
add_chunks(struct request *request, struct random *random)
{
	request->asked.is_last = true;
	add(request, "Transfer-Encoding: chunked\r\n\r\n");
	request->pause_at = request->len;
	for (unsigned chunks = random_below(random, 4); chunks > 0; chunks--) {
		size_t len = 1 + random_below(random, 300);

		add(request, "%zx%s\r\n", len, random_in(random, 50) ? ";a=b" : "");
		add_filling(request, 'c', len);
		add(request, "\r\n");
	}
	add(request, "0\r\n%s\r\n", random_in(random, 30) ? "X-T: t\r\n" : "");
}

static void
make_sound(struct request *request, struct random *random, unsigned connection, unsigned id)
{
	char line[128];

	choose_target(request, random, line, sizeof(line));
	begin(request, random, line, connection, id);
	if (request->asked.kind != ASKED_HEAD && random_in(random, 30)) {
		if (random_in(random, 60))
			add(request, "Expect: 100-continue\r\n");
		if (random_in(random, 60))
			add_body(request, random);
		else
			add_chunks(request, random);
	} else {
		add(request, "\r\n");
	}
}

/* --- nonsense -------------------------------------------------------------------------------- */

static void
make_nonsense(struct request *request, struct random *random, unsigned connection, unsigned id)
{
	static const char *const nonsense[] = {
		"\x16\x03\x01\x02 hello\r\n\r\n",
		"GET /tickets/create\r\n\r\n",
		"GET /tickets/create HTTP/3.7\r\n",
		"GET /tickets/create HTTP/1.1\r\nHost: t\r\nX: a\r\n folded\r\n",
		"POST /livez HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: "
		"4\r\n\r\nabc",
		"POST /livez HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\n\r\n",
		"POST /livez HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: "
		"99999\r\n\r\n",
		"POST /livez HTTP/1.1\r\nHost: t\r\nExpect: wonders\r\nContent-Length: 9\r\n\r\n",
		"POST /livez HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef",
		"POST /livez HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
		"POST /livez HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
		"Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"POST /livez HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
		"Transfer-Encoding: chunked\r\n\r\nx\r\n",
		"HEAD /livez HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\n",
		"CONNECT t:80 HTTP/1.1\r\n\r\n",
	};
	unsigned choice = random_below(random, ARRAY_LENGTH(nonsense) + 2);

	request->asked.kind = ASKED_NONSENSE;
	request->asked.is_last = true;
	if (choice < ARRAY_LENGTH(nonsense)) {
		add(request, "%s", nonsense[choice]);
	} else {
		begin(request, random, "GET /livez", connection, id);
		for (unsigned i = 0; choice > ARRAY_LENGTH(nonsense) && i < 300; i++)
			add(request, "a:b\r\n");
		add(request, "X-Long: ");
		add_filling(request, 'l', 10000);
	}
	request->pause_at = random_in(random, 50) ? request->len : 0;
	if (random_in(random, 60))
		add_filling(request, 'n', random_below(random, 30000));
}

static void
clear(struct request *request)
{
	request->len = request->pause_at = 0;
	request->is_cut = false;
	request->count = 1;
	memset(&request->asked, 0, sizeof(request->asked));
}

void
request_make(struct request *request, struct random *random, unsigned connection, unsigned id)
{
	clear(request);
	if (random_in(random, 4)) {
		make_nonsense(request, random, connection, id);
		return;
	}
	make_sound(request, random, connection, id);
	if (request->pause_at == 0 || random_in(random, 30))
		request->pause_at = random_below(random, (unsigned)request->len);
	request->is_cut = random_in(random, 2);
}

void
request_make_burst(struct request *request, struct random *random, unsigned connection, unsigned id)
{
	clear(request);
	request->asked.kind = ASKED_PLAIN;
	request->count = 200 + random_below(random, 600);
	for (unsigned i = 0; i < request->count; i++)
		add(request, "GET /livez HTTP/1.1\r\nHost: t\r\nX-Request-Id: %u.%u\r\n\r\n",
		    connection, id + i);
}

void
request_make_expectant(struct request *request, unsigned connection, unsigned id)
{
	clear(request);
	request->asked.kind = ASKED_TICKETS;
	request->asked.count = 1;
	add(request,
	    "GET /tickets/create HTTP/1.1\r\nHost: t\r\nX-Request-Id: %u.%u\r\n"
	    "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
	    connection, id);
	request->pause_at = request->len;
	add(request, "x");
}
