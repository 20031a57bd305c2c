/*
 * session -- the session of nghttp2 for a connection: its settings, and the callbacks that feed the calls. Loop thread.
 */
#ifndef TICKR_GRPC_SESSION_H
#define TICKR_GRPC_SESSION_H

#include "base/attributes.h"
#include "grpc/connection.h"

/* Return a session whose callbacks have CONNECTION. The caller frees it with nghttp2_session_del(). */
nghttp2_session *session_new(struct grpc_connection *connection) MUST_CHECK;

#endif
