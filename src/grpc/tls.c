#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "grpc/tls.h"

struct grpc_tls {
	SSL_CTX *context;
};

/* OpenSSL's object is the connection. */
static SSL *
tls_of(struct grpc_secured *secured)
{
	return (SSL *)secured;
}

/* HTTP/2 is the only protocol. A client that offers others is refused in the handshake. */
static int
tls_on_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
	    const unsigned char *offered, unsigned int offered_len, void *arg)
{
	static const unsigned char h2[] = {2, 'h', '2'};

	(void)ssl;
	(void)arg;
	return SSL_select_next_proto((unsigned char **)chosen, chosen_len, h2, sizeof(h2), offered,
				     offered_len) == OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void
tls_add_reason(struct text *problem, const char *variable, const char *path)
{
	char reason[256];

	ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
	text_addf(problem, "%s=%s cannot be used: %s", variable, path, reason);
}

static bool
tls_load(SSL_CTX *context, const char *cert, const char *key, struct text *problem)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
		tls_add_reason(problem, "TICKR_GRPC_SSL_CERT", cert);
	else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
		 SSL_CTX_check_private_key(context) != 1)
		tls_add_reason(problem, "TICKR_GRPC_SSL_KEY", key);
	else
		return true;
	return false;
}

struct grpc_tls *
grpc_tls_new(const char *cert, const char *key, struct text *problem)
{
	struct grpc_tls *tls = xcalloc(1, sizeof(*tls));

	tls->context = SSL_CTX_new(TLS_server_method());
	if (tls->context == NULL)
		abort();
	SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Return after each record. Otherwise SSL_read() would serve a flood of key updates without an end. */
	SSL_CTX_clear_mode(tls->context, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_alpn_select_cb(tls->context, tls_on_alpn, NULL);
	if (tls_load(tls->context, cert, key, problem))
		return tls;
	grpc_tls_free(tls);
	return NULL;
}

void
grpc_tls_free(struct grpc_tls *tls)
{
	if (tls != NULL)
		SSL_CTX_free(tls->context);
	free(tls);
}

struct grpc_secured *
grpc_secured_new(struct grpc_tls *tls, int fd)
{
	SSL *ssl = SSL_new(tls->context);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		abort();
	SSL_set_accept_state(ssl);
	return (struct grpc_secured *)ssl;
}

void
grpc_secured_free(struct grpc_secured *secured)
{
	(void)SSL_shutdown(tls_of(secured)); /* it only tells the client, if the socket takes it */
	SSL_free(tls_of(secured));
}

bool
grpc_secured_is_ready(const struct grpc_secured *secured)
{
	return SSL_is_init_finished((const SSL *)secured) == 1;
}

/* Turn the result of OpenSSL into that of read(2) and write(2). */
static ssize_t
tls_result(SSL *ssl, int n, bool *wants_write)
{
	int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, n);

	*wants_write = error == SSL_ERROR_WANT_WRITE;
	if (n > 0)
		return n;
	ERR_clear_error();
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
	return -1;
}

ssize_t
grpc_secured_read(struct grpc_secured *secured, void *to, size_t size, bool *wants_write)
{
	ERR_clear_error();
	return tls_result(tls_of(secured), SSL_read(tls_of(secured), to, (int)size), wants_write);
}

ssize_t
grpc_secured_write(struct grpc_secured *secured, const void *from, size_t size, bool *wants_write)
{
	ERR_clear_error();
	return tls_result(tls_of(secured), SSL_write(tls_of(secured), from, (int)size),
			  wants_write);
}
