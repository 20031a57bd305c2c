/*
 * sqlite_kit -- makes a database file for each test of the sqlite store, and sessions of it.
 */
#ifndef TICKR_UNIT_SQLITE_KIT_H
#define TICKR_UNIT_SQLITE_KIT_H

#include <assert.h>
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "store/drivers.h"
#include "store/sqlite_settings.h"

static char folder[] = "/tmp/tickr-test-XXXXXX";
static char path[64];
static struct sqlite_settings own = {.path = path, .mutex = PTHREAD_MUTEX_INITIALIZER};
static struct store_settings settings;
static char memory[1024]; /* the last reason or report */

static inline void
begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tickr.db", folder);
	settings = (struct store_settings){
		.name = path, .own = &own, .query_timeout_s = 1, .space = {10, 3, 326}};
	cr_assert(sqlite_store.begin());
	sqlite_store.claim(&settings);
}

static inline void
end(void)
{
	char command[96];

	sqlite_store.release(&settings);
	sqlite_store.end();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert(system(command) == 0);
}

static inline enum store_create_result
create(void)
{
	const struct create_order order = {1, STORE_LAYOUT_USUAL, false};
	struct text report = TEXT_OVER(memory);

	return sqlite_store.create(&settings, &order, &report);
}

static inline enum store_result
try_open(struct store_session **session)
{
	struct text reason = TEXT_OVER(memory);

	return sqlite_store.open(&settings, session, &reason);
}

static inline struct store_session *
open_session(void)
{
	struct store_session *session;

	cr_assert_eq(try_open(&session), STORE_OK, "%s", memory);
	return session;
}

static inline struct store_session *
create_and_open(void)
{
	cr_assert_eq(create(), STORE_CREATED, "%s", memory);
	return open_session();
}

static inline enum store_result
reserve(struct store_session *session, uint32_t count, struct ticket_range *bases)
{
	struct text reason = TEXT_OVER(memory);

	return sqlite_store.reserve(session, STORE_COUNT(count), bases, &reason);
}

static inline enum store_result
newest(struct store_session *session, uint64_t *base)
{
	struct text reason = TEXT_OVER(memory);

	return sqlite_store.newest(session, base, &reason);
}

static inline uint64_t
first_of(struct store_session *session, uint32_t count)
{
	struct ticket_range bases;

	cr_assert_eq(reserve(session, count, &bases), STORE_OK, "%s", memory);
	cr_assert_eq(bases.count, count);
	cr_assert_eq(bases.increment, 1);
	return bases.first;
}

/* Open the file as the sqlite3 program does. */
static inline sqlite3 *
open_by_hand(void)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static inline void
by_hand(const char *sql)
{
	sqlite3 *db = open_by_hand();
	char *problem = NULL;

	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &problem), SQLITE_OK, "%s: %s", sql,
		     problem);
	sqlite3_close(db);
}

static inline void
write_file(const char *content)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs(content, file);
	fclose(file);
}

static inline void
assert_refused(const char *why)
{
	struct store_session *session;

	cr_assert_eq(try_open(&session), STORE_REFUSED, "%s", memory);
	cr_assert_not_null(strstr(memory, why), "\"%s\" is not in: %s", why, memory);
}

#endif
