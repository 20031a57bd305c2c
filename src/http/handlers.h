/*
 * handlers -- the clients' routes, and the functions that answer them, one file each. Loop thread.
 *
 * The context of their server is a struct ticket_service.
 */
#ifndef TICKR_HTTP_HANDLERS_H
#define TICKR_HTTP_HANDLERS_H

#include <stddef.h>
#include <stdint.h>

#include "allocator/allocator.h"
#include "front/front.h"
#include "http/route.h"
#include "ticket/database.h"
#include "ticket/json.h"

struct ticket_service {
	struct allocator *allocator;
	uint32_t max_batch;
	enum batch_format batch_format;
	struct front *front; /* NULL: there are no named sequences */
	/*
	 * Write the state of each database to STATES, which has room for MOST_DATABASES. Return how many they
	 * are. It must not ask a database.
	 */
	size_t (*databases)(void *arg, struct database_state *states);
	/* The same, of the named sequences in these databases. */
	size_t (*sequences)(void *arg, struct database_state *states);
	/* Return how many tickets are held ahead, and how long they last. NULL: none are reserved ahead. */
	uint64_t (*reserved)(void *arg, uint64_t *lasts_ms);
	void *arg;
};

/* Every route of clients; without named sequences, and with them. */
extern const struct route_table client_routes;
extern const struct route_table client_routes_with_sequences;

/* handle_create.c */
void handle_create(struct exchange *exchange, const struct route_argument *arguments);
void handle_create_many(struct exchange *exchange, const struct route_argument *arguments);
/* handle_sequence_create.c */
void handle_sequence_create(struct exchange *exchange, const struct route_argument *arguments);
void handle_sequence_create_many(struct exchange *exchange, const struct route_argument *arguments);
/* handle_sequences.c */
void handle_sequence(struct exchange *exchange, const struct route_argument *arguments);
void handle_sequences(struct exchange *exchange, const struct route_argument *arguments);
/* handle_status.c */
void handle_status(struct exchange *exchange, const struct route_argument *arguments);
/* handle_probes.c */
void handle_livez(struct exchange *exchange, const struct route_argument *arguments);
void handle_readyz(struct exchange *exchange, const struct route_argument *arguments);
/* handle_metrics.c */
void handle_metrics(struct exchange *exchange, const struct route_argument *arguments);

#endif
