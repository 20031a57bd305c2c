/*
 * connection -- a blocking HTTP connection of a client, with a deadline. One thread at a time.
 *
 * The struct owns its buffer and reuses it for the next connection.
 */
#ifndef TORTURE_CONNECTION_H
#define TORTURE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct connection {
	int fd; /* -1: none */
	char *buffer;
	size_t size;
	size_t begin; /* of the bytes that were not parsed yet */
	size_t end;
};

struct response {
	unsigned status;
	bool is_last;	  /* the server closes the connection after it */
	const char *body; /* in the connection's buffer, until its next read */
	size_t len;
};

enum read_result {
	READ_RESPONSE,
	READ_END,  /* the connection ended before the response was complete */
	READ_HUNG, /* no byte arrived within the deadline */
	READ_NONSENSE,
};

void connection_init(struct connection *connection);
void connection_destroy(struct connection *connection);

/* Connect to PORT of 127.0.0.1. A read or write fails after DEADLINE_S. */
bool connection_open(struct connection *connection, uint16_t port, unsigned deadline_s) MUST_CHECK;
void connection_close(struct connection *connection);

/* Send all bytes. Return false if the connection has ended. */
bool connection_send(struct connection *connection, const char *bytes, size_t len) MUST_CHECK;
void connection_end_sending(struct connection *connection);
enum read_result connection_read(struct connection *connection,
				 struct response *response) MUST_CHECK;

#endif
