/*
 * mysql_create -- makes a database that tickrd can serve from.
 *
 * Main thread.
 */
#ifndef TICKR_STORE_MYSQL_CREATE_H
#define TICKR_STORE_MYSQL_CREATE_H

#include "store/store.h"

/* As create() of the store. */
enum store_create_result mysql_create(const struct store_settings *settings,
				      const struct create_order *order,
				      struct text *report) MUST_CHECK;

#endif
