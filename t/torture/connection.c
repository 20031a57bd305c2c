#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/parse.h"
#include "connection.h"

#define FIRST_SIZE 65536

void
connection_init(struct connection *connection)
{
	connection->fd = -1;
	connection->size = FIRST_SIZE;
	connection->buffer = xmalloc(connection->size);
}

void
connection_destroy(struct connection *connection)
{
	connection_close(connection);
	free(connection->buffer);
}

bool
connection_open(struct connection *connection, uint16_t port, unsigned deadline_s)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval deadline = {.tv_sec = deadline_s};
	int on = 1;

	connection->begin = connection->end = 0;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		return false;
	setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	connection_close(connection);
	return false;
}

void
connection_close(struct connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
}

bool
connection_send(struct connection *connection, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(connection->fd, bytes, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		bytes += sent;
		len -= (size_t)sent;
	}
	return true;
}

void
connection_end_sending(struct connection *connection)
{
	(void)shutdown(connection->fd, SHUT_WR);
}

/* --- reading ------------------------------------------------------------------------------------ */

static void
make_room(struct connection *connection)
{
	if (connection->begin > 0) {
		memmove(connection->buffer, connection->buffer + connection->begin,
			connection->end - connection->begin);
		connection->end -= connection->begin;
		connection->begin = 0;
	}
	if (connection->end == connection->size) {
		connection->size *= 2;
		connection->buffer = xrealloc(connection->buffer, connection->size);
	}
}

/* Read more bytes into the buffer. Return READ_RESPONSE if there are any. */
static enum read_result
fill(struct connection *connection)
{
	ssize_t got;

	make_room(connection);
	do
		got = recv(connection->fd, connection->buffer + connection->end,
			   connection->size - connection->end, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return READ_HUNG;
	if (got <= 0)
		return READ_END;
	connection->end += (size_t)got;
	return READ_RESPONSE;
}

/* Return the value of the header NAME ("Name: ") between AT and END, up to the end of its line, or NULL. */
static const char *
find_header(const char *at, const char *end, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	while (at < end) {
		const char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);

		if (line_end == NULL)
			line_end = end;
		if ((size_t)(line_end - at) >= name_len && strncasecmp(at, name, name_len) == 0) {
			*len = (size_t)(line_end - at) - name_len;
			return at + name_len;
		}
		at = line_end + 2;
	}
	return NULL;
}

/* Parse the head of LEN bytes at HEAD into RESPONSE, except the body. */
static bool
read_head(const char *head, size_t len, struct response *response)
{
	uint64_t status, body_len;
	const char *value;
	size_t value_len;

	if (len < 12 || memcmp(head, "HTTP/1.", 7) != 0 || !parse_number(head + 9, 3, 999, &status))
		return false;
	response->status = (unsigned)status;
	value = find_header(head, head + len, "Content-Length: ", &value_len);
	if (value == NULL || !parse_number(value, value_len, SIZE_MAX / 4, &body_len))
		return false;
	response->len = (size_t)body_len;
	value = find_header(head, head + len, "Connection: ", &value_len);
	response->is_last = value != NULL && value_len == 5 && strncasecmp(value, "close", 5) == 0;
	return true;
}

enum read_result
connection_read(struct connection *connection, struct response *response)
{
	enum read_result result = READ_RESPONSE;
	const char *start, *head_end;
	size_t head_len;

	for (;;) {
		start = connection->buffer + connection->begin;
		head_end = memmem(start, connection->end - connection->begin, "\r\n\r\n", 4);
		if (head_end != NULL)
			break;
		result = fill(connection);
		if (result != READ_RESPONSE)
			return result;
	}
	head_len = (size_t)(head_end - start) + 4;
	if (!read_head(start, head_len - 2, response))
		return READ_NONSENSE;
	while (connection->end - connection->begin < head_len + response->len) {
		result = fill(connection);
		if (result != READ_RESPONSE)
			return result;
	}
	response->body = connection->buffer + connection->begin + head_len;
	connection->begin += head_len + response->len;
	return READ_RESPONSE;
}
