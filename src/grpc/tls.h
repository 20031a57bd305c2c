/*
 * tls -- TLS for gRPC: one certificate for all connections, HTTP/2 by ALPN.
 *
 * A struct grpc_tls is made before there are threads, and read only after. A secured connection belongs to its loop.
 * If tickrd is built without OpenSSL, tls_missing.c has these functions.
 */
#ifndef TICKR_GRPC_TLS_H
#define TICKR_GRPC_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/text.h"

struct grpc_tls;
struct grpc_secured;

/* Read the PEM files CERT (with its chain) and KEY. Return NULL with the reason in PROBLEM if they are unusable. */
struct grpc_tls *grpc_tls_new(const char *cert, const char *key, struct text *problem) MUST_CHECK;
void grpc_tls_free(struct grpc_tls *tls); /* NULL is allowed */

/* Return the server's side of a connection on FD, which stays the caller's. */
struct grpc_secured *grpc_secured_new(struct grpc_tls *tls, int fd) MUST_CHECK;
void grpc_secured_free(struct grpc_secured *secured);

/* Whether the handshake is complete. Until then nothing can be written. */
bool grpc_secured_is_ready(const struct grpc_secured *secured) MUST_CHECK;

/*
 * As read(2) and write(2) on a socket that does not block: -1 with EAGAIN asks to be called again. *WANTS_WRITE:
 * when the socket takes bytes; otherwise when it has some. The handshake is part of the first calls.
 */
ssize_t grpc_secured_read(struct grpc_secured *secured, void *to, size_t size, bool *wants_write);
ssize_t grpc_secured_write(struct grpc_secured *secured, const void *from, size_t size,
			   bool *wants_write);

#endif
