/*
 * order -- checks that tickets and ids rise: on a connection, on a server, and between any two clients.
 *
 * The comments say "tickets". A promise of named sequences is about the ids of each key instead.
 */
#ifndef TORTURE_ORDER_H
#define TORTURE_ORDER_H

#include "promises.h"

/* On each connection the tickets of each node rise. */
void order_on_connections(struct promise *promise);

/*
 * On each server the tickets of each node rise. A request that begins after an answer of the server gets
 * higher tickets, also between clients. That holds too with tickets reserved ahead, and with
 * several databases, whose tickets have no order between each other.
 */
void order_on_servers(struct promise *promise);

/*
 * A request that begins after any answer gets higher tickets of the same node. Of the requests for a key this holds
 * only for strong ones.
 */
void order_over_all(struct promise *promise);

#endif
