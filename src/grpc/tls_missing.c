/* In place of tls.c, if tickrd is built without OpenSSL. Then no connection is secured. */
#include <stdlib.h>

#include "grpc/tls.h"

struct grpc_tls *
grpc_tls_new(const char *cert, const char *key, struct text *problem)
{
	(void)cert;
	(void)key;
	text_add(problem, "this tickrd was built without OpenSSL: remove TICKR_GRPC_SSL_CERT and "
			  "TICKR_GRPC_SSL_KEY, "
			  "or build tickrd with OpenSSL");
	return NULL;
}

void
grpc_tls_free(struct grpc_tls *tls)
{
	(void)tls;
}

struct grpc_secured *
grpc_secured_new(struct grpc_tls *tls, int fd)
{
	(void)tls;
	(void)fd;
	abort();
}

void
grpc_secured_free(struct grpc_secured *secured)
{
	(void)secured;
}

bool
grpc_secured_is_ready(const struct grpc_secured *secured)
{
	(void)secured;
	return false;
}

ssize_t
grpc_secured_read(struct grpc_secured *secured, void *to, size_t size, bool *wants_write)
{
	(void)secured;
	(void)to;
	(void)size;
	(void)wants_write;
	abort();
}

ssize_t
grpc_secured_write(struct grpc_secured *secured, const void *from, size_t size, bool *wants_write)
{
	(void)secured;
	(void)from;
	(void)size;
	(void)wants_write;
	abort();
}
