/*
 * escape -- the percent-encoding of grpc-message. Pure; any thread.
 */
#ifndef TICKR_GRPC_ESCAPE_H
#define TICKR_GRPC_ESCAPE_H

#include "base/attributes.h"

/* Return MESSAGE with each byte but printable ASCII, and each percent sign, as %XX. The caller frees it. */
char *escape_message(const char *message) MUST_CHECK;

#endif
