/*
 * Run the calls of remote/zookeeper.h that the lines of standard input name, and print the result of each.
 *
 *	zookeeper_client SESSION_MS HOSTS [DIGEST]
 *
 * Each call has 3 seconds, unless `within MS` came before. An answer is the result's name, then words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "remote/zookeeper.h"

#define MOST_WORDS 16

static const char *const results[] = {[ZOOKEEPER_OK] = "ok",
				      [ZOOKEEPER_REFUSED] = "refused",
				      [ZOOKEEPER_AWAY] = "away",
				      [ZOOKEEPER_UNKNOWN] = "unknown",
				      [ZOOKEEPER_EXPIRED] = "expired"};

struct client {
	struct zookeeper_settings settings;
	struct zookeeper *zookeeper; /* NULL: no session */
	uint64_t within_ms;
	char reason_words[ZOOKEEPER_REASON_SIZE];
	struct text reason;
};

static void
say(const struct client *client, enum zookeeper_result result, int code)
{
	printf("%s %d %s\n", results[result], code, client->reason.start);
}

static void
end_session(struct client *client)
{
	if (client->zookeeper != NULL)
		zookeeper_end(client->zookeeper);
	client->zookeeper = NULL;
}

static void
open_session(struct client *client, char **words, uint64_t deadline)
{
	enum zookeeper_result result;

	(void)words;
	end_session(client);
	result = zookeeper_open(&client->settings, deadline, &client->zookeeper, &client->reason);
	say(client, result, 0);
}

/* get PATH [watch] */
static void
get(struct client *client, char **words, uint64_t deadline)
{
	struct zookeeper_node node;
	int code;
	enum zookeeper_result result = zookeeper_get(client->zookeeper, words[1], words[2] != NULL,
						     deadline, &node, &code, &client->reason);

	if (result == ZOOKEEPER_OK) {
		printf("node %s version %d zxid %" PRIu64 " time %" PRIu64 " owner %s\n",
		       node.value, node.version, node.mzxid, node.mtime_ms,
		       node.owner == 0					    ? "none"
		       : node.owner == zookeeper_session(client->zookeeper) ? "self"
									    : "other");
		free(node.value);
	}
	say(client, result, code);
}

static void
children(struct client *client, char **words, uint64_t deadline)
{
	struct zookeeper_names names;
	int code;
	enum zookeeper_result result =
		zookeeper_children(client->zookeeper, words[1], words[2] != NULL, deadline, &names,
				   &code, &client->reason);

	if (result == ZOOKEEPER_OK) {
		for (size_t i = 0; i < names.count; i++)
			printf("child %s\n", names.names[i]);
		zookeeper_names_free(&names);
	}
	say(client, result, code);
}

/* run KIND PATH VALUE VERSION [KIND PATH VALUE VERSION ..] */
static void
run(struct client *client, char **words, uint64_t deadline)
{
	static const char *const kinds[] = {[ZOOKEEPER_CREATE] = "create",
					    [ZOOKEEPER_CREATE_EPHEMERAL] = "ephemeral",
					    [ZOOKEEPER_SET] = "set",
					    [ZOOKEEPER_DELETE] = "delete",
					    [ZOOKEEPER_CHECK] = "check"};
	struct zookeeper_operation operations[MOST_WORDS / 4] = {{0}};
	size_t count = 0;
	enum zookeeper_result result;
	int code;

	for (char **word = words + 1; *word != NULL; word += 4, count++) {
		operations[count].path = word[1];
		operations[count].value = word[2];
		operations[count].value_len = strlen(word[2]);
		operations[count].version = atoi(word[3]);
		for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
			if (strcmp(kinds[i], word[0]) == 0)
				operations[count].kind = (enum zookeeper_kind)i;
	}
	result = zookeeper_run(client->zookeeper, operations, count, deadline, &code,
			       &client->reason);
	for (size_t i = 0; i < count; i++)
		printf("operation %d version %d\n", operations[i].code, operations[i].node.version);
	say(client, result, code);
}

static void
folder(struct client *client, char **words, uint64_t deadline)
{
	say(client, zookeeper_make_folder(client->zookeeper, words[1], deadline, &client->reason),
	    0);
}

static void
wait_for_event(struct client *client, char **words, uint64_t deadline)
{
	uint64_t began = clock_ms();

	(void)words;
	zookeeper_wait(client->zookeeper, deadline);
	printf("waited %s, %s\n", clock_ms() >= began + client->within_ms ? "long" : "less",
	       zookeeper_is_expired(client->zookeeper)	   ? "expired"
	       : zookeeper_is_connected(client->zookeeper) ? "connected"
							   : "connecting");
}

static void
within(struct client *client, char **words, uint64_t deadline)
{
	(void)deadline;
	client->within_ms = strtoull(words[1], NULL, 10);
	puts("ok");
}

static const struct {
	const char *name;
	void (*run)(struct client *client, char **words, uint64_t deadline);
} calls[] = {{"open", open_session}, {"get", get},	 {"children", children},
	     {"run", run},	     {"folder", folder}, {"wait", wait_for_event},
	     {"within", within}};

static void
run_line(struct client *client, char *line)
{
	char *words[MOST_WORDS + 2] = {NULL};
	size_t count = 0;

	for (char *word = strtok(line, " \n"); word != NULL && count <= MOST_WORDS;
	     word = strtok(NULL, " \n"))
		words[count++] = word;
	text_clear(&client->reason);
	for (size_t i = 0; count > 0 && i < ARRAY_LENGTH(calls); i++)
		if (strcmp(calls[i].name, words[0]) == 0)
			calls[i].run(client, words, clock_ms() + client->within_ms);
	puts(".");
	fflush(stdout);
}

int
main(int count, char **arguments)
{
	struct client client = {.within_ms = 3000};
	char line[4096];

	if (count < 3)
		return 2;
	client.settings =
		(struct zookeeper_settings){.hosts = arguments[2],
					    .session_ms = strtoull(arguments[1], NULL, 10),
					    .digest = arguments[3]};
	client.reason = TEXT_OVER(client.reason_words);
	while (fgets(line, sizeof(line), stdin) != NULL)
		run_line(&client, line);
	end_session(&client);
	return 0;
}
