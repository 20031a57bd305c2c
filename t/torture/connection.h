/*
 * connection -- one HTTP connection of a client of the torture, blocking, with a deadline.
 *
 * One thread's. What was read is kept in a buffer that belongs to the struct and serves
 * one connection after the other.
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
	size_t begin; /* of what was not looked at yet */
	size_t end;
};

struct response {
	unsigned status;
	bool is_last;	  /* the server closes behind it */
	const char *body; /* the connection's, until it reads again */
	size_t len;
};

enum read_result {
	READ_RESPONSE,
	READ_END,  /* the connection ended before the response was whole */
	READ_HUNG, /* nothing came for longer than the deadline */
	READ_NONSENSE,
};

void connection_init(struct connection *connection);
void connection_destroy(struct connection *connection);

/* To PORT of 127.0.0.1; a read or write gives up after DEADLINE_S. */
bool connection_open(struct connection *connection, uint16_t port, unsigned deadline_s) MUST_CHECK;
void connection_close(struct connection *connection);

/* False when the connection has ended. */
bool connection_send(struct connection *connection, const char *bytes, size_t len) MUST_CHECK;
void connection_end_sending(struct connection *connection);
enum read_result connection_read(struct connection *connection,
				 struct response *response) MUST_CHECK;

#endif
