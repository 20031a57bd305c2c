/*
 * server -- reads the settings that all stores on a server share: its address, the user, the database's name.
 *
 * For the parse() of such a store. Main thread; afterwards the struct is read only.
 */
#ifndef TICKR_STORE_SERVER_H
#define TICKR_STORE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "store/store.h"

/* The variables that servers_parse() reads. */
#define SERVER_VARIABLES                                                         \
	"TICKR_DATABASE_HOST", "TICKR_DATABASE_PORT", "TICKR_DATABASE_USERNAME", \
		"TICKR_DATABASE_PASSWORD", "TICKR_DATABASE_PASSWORD_FILE", "TICKR_DATABASE_NAME"

#define SERVER_HOST_SIZE 256

/* A Unix socket, or a host and a port. */
struct server_address {
	char host[SERVER_HOST_SIZE];				  /* "" with a socket */
	uint16_t port;						  /* 0: not set */
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "" without one */
};

struct server {
	struct server_address address; /* of a host: with its port */
	bool is_tcp;		       /* also for localhost; false: the client library's socket */
	char *user;
	char *password;
	char *database;
	char label[SERVER_HOST_SIZE + 16]; /* host:port, or the path of the socket */
};

/* Read a name, an address, host:port, [v6]:port or an absolute path. Return NULL, or the words for a mistake. */
const char *server_address_parse(const char *text, struct server_address *address) MUST_CHECK;

/* Fill COUNT servers, and report all mistakes to GIVEN. Free each with server_forget(). */
void servers_parse(const struct store_given *given, struct server *const *servers, size_t count);

/* Free the strings of SERVER. The password is overwritten first. */
void server_forget(struct server *server);

#endif
