/*
 * raw_insert -- inserts single rows in a loop, to measure the cost of a commit without tickrd.
 *
 *	raw_insert SOCKET DATABASE SESSIONS SECONDS
 *
 * Each session is a thread that inserts one row into the table raw_insert, waits for the commit, and
 * repeats that. The program prints one line: commits a second, and the median and the 99th percentile of
 * the time of a commit in microseconds.
 */
#include <err.h>
#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#define MOST_COMMITS 10000000 /* of one session */

struct session {
	pthread_t thread;
	const char *socket;
	const char *database;
	uint64_t until_us;
	uint32_t *times_us; /* of each commit */
	size_t commits;
};

static void
run(MYSQL *mysql, const char *sql)
{
	if (mysql_query(mysql, sql) != 0)
		errx(1, "%s: %s", sql, mysql_error(mysql));
}

static void
open_session(MYSQL *mysql, const char *socket, const char *database)
{
	mysql_init(mysql);
	if (mysql_real_connect(mysql, NULL, "root", NULL, database, 0, socket, 0) == NULL)
		errx(1, "%s: %s", socket, mysql_error(mysql));
}

static void *
insert_rows(void *arg)
{
	struct session *session = arg;
	MYSQL mysql;
	uint64_t began_us, ended_us;

	mysql_thread_init();
	open_session(&mysql, session->socket, session->database);
	for (ended_us = clock_us(); ended_us < session->until_us;) {
		if (session->commits == MOST_COMMITS)
			errx(1, "more than %d commits", MOST_COMMITS);
		began_us = ended_us;
		run(&mysql, "INSERT INTO raw_insert (id) VALUES (NULL)");
		ended_us = clock_us();
		session->times_us[session->commits++] = (uint32_t)(ended_us - began_us);
	}
	mysql_close(&mysql);
	mysql_thread_end();
	return NULL;
}

static void
make_table(const char *socket, const char *database)
{
	MYSQL mysql;

	open_session(&mysql, socket, database);
	run(&mysql, "DROP TABLE IF EXISTS raw_insert");
	run(&mysql, "CREATE TABLE raw_insert (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT "
		    "PRIMARY KEY) ENGINE = InnoDB");
	mysql_close(&mysql);
}

static int
compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void
print_result(const struct session *sessions, size_t count, double seconds)
{
	size_t commits = 0, taken = 0;
	uint32_t *times_us;

	for (size_t i = 0; i < count; i++)
		commits += sessions[i].commits;
	times_us = xcalloc(commits, sizeof(*times_us));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sessions[i].commits; j++)
			times_us[taken++] = sessions[i].times_us[j];
	qsort(times_us, commits, sizeof(*times_us), compare);
	printf("%.0f %u %u\n", (double)commits / seconds, times_us[commits / 2],
	       times_us[commits * 99 / 100]);
	free(times_us);
}

int
main(int argc, char **argv)
{
	size_t count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	double seconds = argc == 5 ? strtod(argv[4], NULL) : 0;
	struct session *sessions;
	uint64_t until_us;

	if (count == 0 || seconds <= 0)
		errx(64, "usage: raw_insert SOCKET DATABASE SESSIONS SECONDS");
	if (mysql_library_init(0, NULL, NULL) != 0)
		errx(1, "cannot start the client library");
	make_table(argv[1], argv[2]);

	sessions = xcalloc(count, sizeof(*sessions));
	until_us = clock_us() + (uint64_t)(seconds * 1e6);
	for (size_t i = 0; i < count; i++) {
		sessions[i] = (struct session){.socket = argv[1],
					       .database = argv[2],
					       .until_us = until_us,
					       .times_us = xcalloc(MOST_COMMITS, sizeof(uint32_t))};
		if (pthread_create(&sessions[i].thread, NULL, insert_rows, &sessions[i]) != 0)
			errx(1, "cannot create a thread");
	}
	for (size_t i = 0; i < count; i++)
		pthread_join(sessions[i].thread, NULL);
	print_result(sessions, count, seconds);

	for (size_t i = 0; i < count; i++)
		free(sessions[i].times_us);
	free(sessions);
	mysql_library_end();
	return 0;
}
