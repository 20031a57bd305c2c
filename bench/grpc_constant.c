/*
 * grpc_constant -- answers every call of gRPC with the same GetNextIdResponse: the ceiling of nghttp2 on libevent.
 *
 *	grpc_constant ADDRESS:PORT
 *
 * It has tickrd's sockets and loops from libtickr.a, with a thread for each processor. It reads no message, and writes
 * a whole answer when a request ends. It runs until it is killed.
 */
#include <err.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "config/address.h"
#include "loop/loop.h"
#include "loop/sockets.h"

#define PROBLEM_SIZE 256
#define MOST_CHUNK   65536
#define FIELD(name, value)                                                                  \
	{                                                                                   \
		(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, \
			NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE        \
	}

static const unsigned char answer[] = {0, 0, 0, 0, 4, 0x08, 0x80, 0x80, 0x01};

static ssize_t
on_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
	nghttp2_data_source *source, void *arg)
{
	nghttp2_nv trailer = FIELD("grpc-status", "0");

	(void)size;
	(void)source;
	(void)arg;
	memcpy(to, answer, sizeof(answer));
	*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	nghttp2_submit_trailer(session, id, &trailer, 1);
	return sizeof(answer);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	nghttp2_nv fields[] = {FIELD(":status", "200"), FIELD("content-type", "application/grpc")};
	nghttp2_data_provider provider = {.read_callback = on_read};

	(void)arg;
	if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
	    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		nghttp2_submit_response(session, frame->hd.stream_id, fields, 2, &provider);
	return 0;
}

static void
on_input(struct bufferevent *bev, void *arg)
{
	static _Thread_local unsigned char bytes[MOST_CHUNK];
	nghttp2_session *session = arg;
	const uint8_t *piece;
	ssize_t n;

	while ((n = (ssize_t)bufferevent_read(bev, bytes, sizeof(bytes))) > 0)
		if (nghttp2_session_mem_recv(session, bytes, (size_t)n) < 0)
			return;
	while ((n = nghttp2_session_mem_send(session, &piece)) > 0)
		bufferevent_write(bev, piece, (size_t)n);
}

static void
on_end(struct bufferevent *bev, short what, void *arg)
{
	(void)what;
	nghttp2_session_del(arg);
	bufferevent_free(bev);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
	  void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd,
							 BEV_OPT_CLOSE_ON_FREE);
	nghttp2_session *session;

	(void)address;
	(void)len;
	nghttp2_session_server_new(&session, arg, NULL);
	nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
	bufferevent_setcb(bev, on_input, NULL, on_end, session);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void *
serve(void *base)
{
	event_base_dispatch(base);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct listen_address addresses[MOST_LISTEN_ADDRESSES] = {0};
	size_t count, loops = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	struct socket_address address;
	struct sockets sockets;
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);
	nghttp2_session_callbacks *callbacks;

	if (argc != 2 || !listen_addresses_parse(argv[1], addresses, &count, &problem))
		errx(1, "usage: grpc_constant ADDRESS:PORT");
	address = (struct socket_address){addresses[0].address, addresses[0].len};
	loop_library_begin();
	if (!sockets_open(&sockets, loops, &address, 1, &problem))
		errx(1, "%s", memory);
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	for (size_t i = 0; i < loops; i++) {
		struct event_base *base = loop_base_new();
		pthread_t thread;

		evconnlistener_new(base, on_accept, callbacks, LEV_OPT_CLOSE_ON_EXEC, 0,
				   *sockets_of_loop(&sockets, i));
		if (pthread_create(&thread, NULL, serve, base) != 0)
			errx(1, "cannot create a thread");
	}
	pause();
	return 0;
}
