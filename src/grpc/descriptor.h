/*
 * descriptor -- the descriptions of the files of proto/, which answer reflection. Pure; any thread.
 */
#ifndef TICKR_GRPC_DESCRIPTOR_H
#define TICKR_GRPC_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* A google.protobuf.FileDescriptorProto. It lives as long as the process. */
struct descriptor {
	const unsigned char *bytes;
	size_t len;
};

/* Find the file NAME, or the file that defines the service, method, message, field or enum SYMBOL. */
bool descriptor_find_file(const char *name, struct descriptor *found) MUST_CHECK;
bool descriptor_find_symbol(const char *symbol, struct descriptor *found) MUST_CHECK;

#endif
