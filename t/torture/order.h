/*
 * order -- whether tickets rise: on a connection, and between any two clients.
 */
#ifndef TORTURE_ORDER_H
#define TORTURE_ORDER_H

#include "promises.h"

/* On each connection the tickets of each node rise. */
void order_on_connections(struct promise *promise);

/* Who asked after another was answered was given higher tickets of the same node. */
void order_over_all(struct promise *promise);

#endif
