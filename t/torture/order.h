/*
 * order -- whether tickets rise: on a connection, on a server, and between any two clients.
 */
#ifndef TORTURE_ORDER_H
#define TORTURE_ORDER_H

#include "promises.h"

/* On each connection the tickets of each node rise. */
void order_on_connections(struct promise *promise);

/*
 * On each server the tickets of each node rise: a request that begins after an answer of the same server has
 * arrived gets higher tickets, whoever sent it. It holds too where tickets are reserved ahead, and where several
 * databases are behind the server, whose tickets have no order between them.
 */
void order_on_servers(struct promise *promise);

/* Who asked after another was answered was given higher tickets of the same node. */
void order_over_all(struct promise *promise);

#endif
