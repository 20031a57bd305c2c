#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "run.h"

#define MICRO 1e6

static void
map_file(struct client_file *client, int folder)
{
	int fd = openat(folder, client->name, O_RDONLY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) != 0)
		err(1, "%s", client->name);
	if (stat.st_size % (off_t)sizeof(struct record) != 0)
		errx(1, "%s ends within a record", client->name);
	client->count = (size_t)stat.st_size / sizeof(struct record);
	if (client->count > 0) {
		client->records = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (client->records == MAP_FAILED)
			err(1, "%s", client->name);
	}
	close(fd);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct client_file *)a)->name, ((const struct client_file *)b)->name);
}

static void
add_client(struct run *run, int folder, const char *name)
{
	struct client_file *client;
	bool is_operator = strncmp(name, "operator-", 9) == 0;
	unsigned server;

	if (sscanf(name, is_operator ? "operator-%u" : "client-%u-", &server) != 1)
		return;
	if (server >= RUN_MOST_SERVERS)
		errx(1, "%s: at most %d servers are supported", name, RUN_MOST_SERVERS);
	run->clients = xrealloc(run->clients, (run->client_count + 1) * sizeof(*run->clients));
	client = &run->clients[run->client_count++];
	*client = (struct client_file){.server = server, .is_operator = is_operator};
	snprintf(client->name, sizeof(client->name), "%s", name);
	map_file(client, folder);
}

static void
note_keys(struct run *run)
{
	for (size_t i = 0; i < run->client_count; i++)
		for (size_t n = 0; n < run->clients[i].count; n++)
			if (run->clients[i].records[n].key > run->key_count)
				run->key_count = run->clients[i].records[n].key;
	if (run->key_count > RUN_MOST_KEYS)
		errx(1, "keys are below %d", RUN_MOST_KEYS);
	run->has_sequences = run->has_sequences || run->key_count > 0;
}

static void
note_times(struct run *run)
{
	run->began_us = UINT64_MAX;
	for (size_t i = 0; i < run->client_count; i++) {
		const struct client_file *client = &run->clients[i];

		if (client->count == 0)
			continue;
		if (client->records[0].asked_us < run->began_us)
			run->began_us = client->records[0].asked_us;
		if (record_came_us(&client->records[client->count - 1]) > run->ended_us)
			run->ended_us = record_came_us(&client->records[client->count - 1]);
	}
}

void
run_read(struct run *run, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];

	if (dir == NULL)
		err(1, "%s", folder);
	while ((entry = readdir(dir)) != NULL)
		add_client(run, dirfd(dir), entry->d_name);
	closedir(dir);
	if (run->client_count > 0)
		qsort(run->clients, run->client_count, sizeof(*run->clients), compare);
	note_times(run);
	note_keys(run);
	snprintf(path, sizeof(path), "%s/faults", folder);
	run->faults = faults_read(path);
}

void
run_free(struct run *run)
{
	for (size_t i = 0; i < run->client_count; i++)
		if (run->clients[i].count > 0)
			munmap((void *)run->clients[i].records,
			       run->clients[i].count * sizeof(struct record));
	free(run->clients);
	faults_free(&run->faults);
}

/* Return the last ticket of RECORD, or the highest 64-bit number if the range ends beyond it. */
uint64_t
run_last_ticket(const struct record *record)
{
	uint64_t distance = (uint64_t)record->increment * (record->count - 1), last;

	return __builtin_add_overflow(record->first, distance, &last) ? UINT64_MAX : last;
}

uint64_t
run_node_of(const struct run *run, const struct record *record)
{
	uint64_t offset = record->key > 0 ? 1 : run->starting_offset;

	return (record->first - offset) % run->max_nodes;
}

size_t
run_series_count(const struct run *run)
{
	return (run->key_count + (size_t)1) * run->max_nodes;
}

size_t
run_series_of(const struct run *run, const struct record *record)
{
	return record->key * run->max_nodes + run_node_of(run, record);
}

static void
show_what_came(const struct record *record)
{
	const char *kind = record->key > 0 ? "ids" : "tickets";

	switch (RECORD_KIND(record)) {
	case RECORD_TICKETS:
		if (record->count == 1)
			printf("got %" PRIu64, record->first);
		else
			printf("got %" PRIu32 " %s from %" PRIu64 " to %" PRIu64, record->count,
			       kind, record->first, run_last_ticket(record));
		break;
	case RECORD_STATUS:
		printf("got %u for %" PRIu32 " %s", record->status, record->increment, kind);
		break;
	case RECORD_CLOSED: printf("found the connection closed"); break;
	case RECORD_UNREACHABLE: printf("could not connect"); break;
	case RECORD_HUNG: printf("got no answer"); break;
	}
}

void
run_show(const struct run *run, const struct client_file *client, const struct record *record)
{
	uint64_t came_us = record_came_us(record);

	printf("#   %s, answer %td, of server %u: asked at %.6f s, %.6f s later ", client->name,
	       record - client->records, client->server,
	       (double)(record->asked_us - run->began_us) / MICRO, record->took_us / MICRO);
	show_what_came(record);
	if (record->key > 0)
		printf(" of key-%" PRIu32 ", %s", record->key % RECORD_STORE_KEYS,
		       RECORD_HAS(record, RECORD_IS_STRONG) ? "strong" : "weak");
	if (record->key > RECORD_STORE_KEYS)
		printf(", of store %" PRIu32, record->key / RECORD_STORE_KEYS);
	for (size_t i = 0; i < run->faults.count; i++) {
		const struct fault *fault = &run->faults.list[i];

		if (fault_overlaps(fault, record->asked_us, came_us))
			printf(", during %s", fault->kind);
	}
	putchar('\n');
}
