/*
 * squeeze -- compresses a batch before it leaves. Pure; any thread.
 *
 * squeeze_zstd.c does it. Without libzstd, squeeze_missing.c leaves the bytes as they are.
 */
#ifndef TICKR_EVENTS_SQUEEZE_H
#define TICKR_EVENTS_SQUEEZE_H

#include "base/attributes.h"
#include "events/native.h"

/* The header that names the coding, "Content-Encoding: zstd"; NULL: there is none. */
const char *squeeze_header(void);

/* Return PLAIN in that coding. Takes PLAIN, and empties it. */
struct native_bytes squeeze(struct native_bytes *plain) MUST_CHECK;

#endif
