/* In place of the room, if tickrd is built without gRPC. Then the settings refuse to listen for it. */
#include <stdlib.h>

#include "grpc/server.h"

struct grpc_server *
grpc_server_new(struct event_base *base, const struct grpc_settings *settings, const int *fds,
		size_t count)
{
	(void)base;
	(void)settings;
	(void)fds;
	(void)count;
	abort();
}

void
grpc_server_announce_drain(struct grpc_server *server)
{
	(void)server;
}

void
grpc_server_drain(struct grpc_server *server)
{
	(void)server;
}

void
grpc_server_free(struct grpc_server *server)
{
	(void)server;
}
