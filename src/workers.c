#include <stdlib.h>

#include "base/memory.h"
#include "workers.h"

static void
workers_on_drained(void *arg)
{
	struct workers *workers = arg;

	if (++workers->drained == workers->started)
		workers->on_drained(workers->arg);
}

static void
workers_on_pong(void *arg)
{
	struct workers *workers = arg;

	if (--workers->pings_out == 0)
		workers->on_pong(workers->arg);
}

void
workers_make(struct workers *workers, struct worker_settings settings, struct listeners *listeners)
{
	*workers = (struct workers){
		.count = listeners->http.loops,
		.on_drained = settings.drained,
		.on_pong = settings.pong,
		.arg = settings.arg,
	};
	settings.drained = workers_on_drained;
	settings.pong = workers_on_pong;
	settings.arg = workers;
	workers->all = xcalloc(workers->count, sizeof(*workers->all));
	for (size_t i = 0; i < workers->count; i++) {
		struct worker_sockets sockets = {.http = sockets_of_loop(&listeners->http, i),
						 .http_count = listeners->http.addresses,
						 .grpc_count = listeners->grpc.addresses};

		if (sockets.grpc_count > 0)
			sockets.grpc = sockets_of_loop(&listeners->grpc, i);
		workers->all[i] = worker_new(&settings, &sockets);
	}
	sockets_give_away(&listeners->http);
	sockets_give_away(&listeners->grpc);
}

bool
workers_start(struct workers *workers)
{
	while (workers->started < workers->count) {
		if (!worker_start(workers->all[workers->started]))
			return false;
		workers->started++;
	}
	return true;
}

void
workers_announce_drain(struct workers *workers)
{
	for (size_t i = 0; i < workers->started; i++)
		worker_announce_drain(workers->all[i]);
}

void
workers_drain(struct workers *workers)
{
	for (size_t i = 0; i < workers->started; i++)
		worker_drain(workers->all[i]);
}

void
workers_ping(struct workers *workers)
{
	if (workers->pings_out > 0)
		return;
	workers->pings_out = workers->started;
	for (size_t i = 0; i < workers->started; i++)
		worker_ping(workers->all[i]);
}

void
workers_join(struct workers *workers)
{
	for (size_t i = 0; i < workers->started; i++)
		worker_join(workers->all[i]);
}

void
workers_free(struct workers *workers)
{
	for (size_t i = 0; i < workers->count; i++)
		worker_free(workers->all[i]);
	free(workers->all);
}
