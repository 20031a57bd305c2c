/*
 * handlers -- the clients' routes, and the functions that answer them, one file each. Loop thread.
 *
 * The context of their server is a struct ticket_service.
 */
#ifndef TICKR_HTTP_HANDLERS_H
#define TICKR_HTTP_HANDLERS_H

#include "front/service.h"
#include "http/route.h"

/* Every route of clients; without named sequences, and with them. */
extern const struct route_table client_routes;
extern const struct route_table client_routes_with_sequences;

/*
 * Find the store of a request for named sequences: that of ?store=, or store tickr. False: there is none, and EXCHANGE
 * is answered.
 */
bool handle_find_store(struct exchange *exchange) MUST_CHECK;

/* handle_create.c */
void handle_create(struct exchange *exchange, const struct route_argument *arguments);
void handle_create_many(struct exchange *exchange, const struct route_argument *arguments);
/* handle_sequence_create.c */
void handle_sequence_create(struct exchange *exchange, const struct route_argument *arguments);
void handle_sequence_create_many(struct exchange *exchange, const struct route_argument *arguments);
/* handle_sequences.c */
void handle_sequence(struct exchange *exchange, const struct route_argument *arguments);
void handle_sequences(struct exchange *exchange, const struct route_argument *arguments);
/* handle_decode.c */
void handle_decode(struct exchange *exchange, const struct route_argument *arguments);
/* handle_status.c */
void handle_status(struct exchange *exchange, const struct route_argument *arguments);
/* handle_probes.c */
void handle_livez(struct exchange *exchange, const struct route_argument *arguments);
void handle_readyz(struct exchange *exchange, const struct route_argument *arguments);
/* handle_metrics.c */
void handle_metrics(struct exchange *exchange, const struct route_argument *arguments);

#endif
