/*
 * redis_store -- named sequences in Redis. docs/stores.md says what the store promises, and its keys.
 */
#ifndef TICKR_STORE_REDIS_STORE_H
#define TICKR_STORE_REDIS_STORE_H

#include "store/store.h"

extern const struct store redis_store;

#endif
