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
/* Send each call of Watch the status of its service, if it has changed. */
void health_tell(struct grpc_server *server);

/* tickets.c */
void tickets_create(struct grpc_call *call, const unsigned char *message, size_t len);
void tickets_status(struct grpc_call *call, const unsigned char *message, size_t len);

/* sequences.c */
void sequences_create(struct grpc_call *call, const unsigned char *message, size_t len);
void sequences_show(struct grpc_call *call, const unsigned char *message, size_t len);

/* runtime.c */
void runtime_get_next_id(struct grpc_call *call, const unsigned char *message, size_t len);

/* reflection.c */
void reflection_answer(struct grpc_call *call, const unsigned char *message, size_t len);
void reflection_complete(struct grpc_call *call);

#endif
