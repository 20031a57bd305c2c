/*
 * handlers -- the functions that answer the methods, one file for each service. Loop thread.
 *
 * See struct grpc_method. A message that is malformed is refused with INVALID_ARGUMENT.
 */
#ifndef TICKR_GRPC_HANDLERS_H
#define TICKR_GRPC_HANDLERS_H

#include "grpc/call.h"

/* health.c */
void health_check(struct grpc_call *call, const unsigned char *message, size_t len);
void health_watch(struct grpc_call *call, const unsigned char *message, size_t len);
/* Send the changes since the last call to those who watch. */
void health_tell(struct grpc_server *server);

#endif
