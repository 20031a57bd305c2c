/*
 * evhttp_constant -- answers every request with the same JSON: the ceiling of tickrd's stack.
 *
 *	evhttp_constant ADDRESS:PORT BODY
 *
 * It has tickrd's sockets and loops from libtickr.a, with a thread for each processor, and nothing else of
 * tickrd. It runs until it is killed.
 */
#include <err.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "config/address.h"
#include "loop/loop.h"
#include "loop/sockets.h"

#define PROBLEM_SIZE 256

static void
on_request(struct evhttp_request *http, void *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(http), "Content-Type",
			  "application/json");
	evbuffer_add(evhttp_request_get_output_buffer(http), body, strlen(body));
	evhttp_send_reply(http, 200, NULL, NULL);
}

static void *
serve(void *base)
{
	event_base_dispatch(base);
	return NULL;
}

static void
start_loop(int fd, char *body)
{
	struct event_base *base = loop_base_new();
	struct evhttp *http = evhttp_new(base);
	pthread_t thread;

	evhttp_set_default_content_type(http, NULL);
	evhttp_set_gencb(http, on_request, body);
	evhttp_bind_listener(http,
			     evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd));
	if (pthread_create(&thread, NULL, serve, base) != 0)
		errx(1, "cannot create a thread");
}

int
main(int argc, char **argv)
{
	struct listen_address addresses[MOST_LISTEN_ADDRESSES] = {0};
	struct socket_address address;
	size_t count, loops = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	struct sockets sockets;
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	if (argc != 3)
		errx(64, "usage: evhttp_constant ADDRESS:PORT BODY");
	if (!listen_addresses_parse(argv[1], addresses, &count, &problem))
		errx(1, "%s", memory);
	address = (struct socket_address){addresses[0].address, addresses[0].len};
	if (!sockets_open(&sockets, loops, &address, 1, &problem))
		errx(1, "%s", memory);
	loop_library_begin();
	for (size_t i = 0; i < loops; i++)
		start_loop(*sockets_of_loop(&sockets, i), argv[2]);
	for (;;)
		pause();
}
