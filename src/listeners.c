#include <netinet/in.h>
#include <sys/stat.h>

#include "base/log.h"
#include "listeners.h"

_Static_assert(MOST_LISTEN_ADDRESSES <= MOST_SOCKET_ADDRESSES, "all addresses have sockets");

static bool
listeners_open_http(struct listeners *listeners, const struct config *config)
{
	struct socket_address addresses[MOST_LISTEN_ADDRESSES];
	char memory[512];
	struct text problem = TEXT_OVER(memory);

	for (size_t i = 0; i < config->listen_count; i++)
		addresses[i] = (struct socket_address){config->listen_addresses[i].address,
						       config->listen_addresses[i].len};
	if (sockets_open(&listeners->http, config->http_threads, addresses, config->listen_count,
			 &problem))
		return true;
	log_error("cannot listen", LOG_TEXT("reason", memory));
	return false;
}

/* Read the certificate, and open the sockets of gRPC. Sockets of the service manager are those of HTTP. */
static bool
listeners_open_grpc(struct listeners *listeners, const struct config *config)
{
	struct socket_address addresses[MOST_LISTEN_ADDRESSES];
	char memory[1024];
	struct text problem = TEXT_OVER(memory);

	if (config->grpc_count == 0)
		return true;
	for (size_t i = 0; i < config->grpc_count; i++)
		addresses[i] = (struct socket_address){config->grpc_addresses[i].address,
						       config->grpc_addresses[i].len};
	if (config->grpc_ssl_cert[0] != '\0')
		listeners->tls =
			grpc_tls_new(config->grpc_ssl_cert, config->grpc_ssl_key, &problem);
	if (problem.len == 0 && sockets_open(&listeners->grpc, config->http_threads, addresses,
					     config->grpc_count, &problem))
		return true;
	log_error("cannot listen for gRPC", LOG_TEXT("reason", memory));
	return false;
}

/*
 * Open the socket for the server's own user only, because it has no password. No other thread makes
 * files with this umask yet.
 */
static bool
listeners_open_control(struct listeners *listeners, const struct config *config)
{
	struct socket_address address = {config->control_address.address,
					 config->control_address.len};
	char memory[512];
	struct text problem = TEXT_OVER(memory);
	mode_t before;
	bool is_open;

	if (config->control_socket[0] == '\0')
		return true;
	before = umask(0177);
	is_open = sockets_open(&listeners->control, 1, &address, 1, &problem);
	umask(before);
	if (!is_open)
		log_error("cannot listen for the operator", LOG_TEXT("reason", memory));
	return is_open;
}

bool
listeners_open(struct listeners *listeners, const struct config *config)
{
	return listeners_open_http(listeners, config) && listeners_open_grpc(listeners, config) &&
	       listeners_open_control(listeners, config);
}

static void
listeners_announce_http(const struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->addresses; i++) {
		char memory[160];
		struct text address = TEXT_OVER(memory);

		socket_address_describe(&sockets->bound[i].address, &address);
		log_info("listening", LOG_WORD("address", memory),
			 LOG_WORD("inherited", sockets->are_inherited ? "yes" : "no"));
	}
}

void
listeners_announce(const struct listeners *listeners)
{
	listeners_announce_http(&listeners->http);
	for (size_t i = 0; i < listeners->grpc.addresses; i++) {
		char memory[160];
		struct text address = TEXT_OVER(memory);

		socket_address_describe(&listeners->grpc.bound[i].address, &address);
		log_info("listening for gRPC", LOG_WORD("address", memory),
			 LOG_WORD("tls", listeners->tls != NULL ? "yes" : "no"));
	}
}

unsigned
listeners_port(const struct listeners *listeners)
{
	const struct sockets *http = &listeners->http;

	for (size_t i = 0; i < http->addresses; i++) {
		const struct sockaddr_storage *address = &http->bound[i].address;

		if (address->ss_family == AF_INET)
			return ntohs(((const struct sockaddr_in *)address)->sin_port);
		if (address->ss_family == AF_INET6)
			return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
	}
	return 0;
}

void
listeners_stop(struct listeners *listeners)
{
	sockets_stop(&listeners->http);
	sockets_stop(&listeners->grpc);
}

void
listeners_remove_paths(struct listeners *listeners)
{
	sockets_remove_paths(&listeners->http);
	sockets_remove_paths(&listeners->grpc);
	sockets_remove_paths(&listeners->control);
}

void
listeners_close(struct listeners *listeners)
{
	sockets_close(&listeners->control);
	sockets_close(&listeners->grpc);
	sockets_close(&listeners->http);
	grpc_tls_free(listeners->tls);
}
