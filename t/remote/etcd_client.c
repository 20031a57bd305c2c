/*
 * Run the calls of remote/etcd.h that the lines of standard input name, and print the result of each.
 *
 *	etcd_client ATTEMPT_MS ENDPOINT [ENDPOINT..]
 *
 * The environment may have CA_FILE, CERT_FILE, KEY_FILE, ETCD_USER and ETCD_PASSWORD. Each call has 3 seconds, unless
 * `within MS` came before. An answer is one line: the result's name, then words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "remote/etcd.h"

#define MOST_WORDS 8

static const char *const results[] = {[ETCD_OK] = "ok",
				      [ETCD_REFUSED] = "refused",
				      [ETCD_AWAY] = "away",
				      [ETCD_UNKNOWN] = "unknown",
				      [ETCD_STOPPED] = "stopped"};

struct client {
	struct etcd *etcd;
	struct etcd_watch *watch;
	uint64_t within_ms;
	char reason_words[WEB_REASON_SIZE];
	struct text reason;
	unsigned events;
};

static uint64_t
number(const char *word)
{
	return word != NULL ? strtoull(word, NULL, 10) : 0;
}

static void
say(const struct client *client, enum etcd_result result, const struct etcd_header *header)
{
	printf("%s cluster %" PRIu64 " revision %" PRIu64 " date %" PRIu64 " code %u %s\n",
	       results[result], header->cluster_id, header->revision, header->date_ms, header->code,
	       client->reason.start);
}

static void
say_pair(const char *what, const struct etcd_pair *pair)
{
	printf("%s %s=%s mod %" PRIu64 " create %" PRIu64 " version %" PRIu64 " lease %" PRIu64
	       "\n",
	       what, pair->key, pair->value != NULL ? pair->value : "", pair->mod_revision,
	       pair->create_revision, pair->version, pair->lease);
}

/* get PREFIX: the pairs below it. */
static void
get(struct client *client, char **words, uint64_t deadline)
{
	char end[256];
	size_t len = strlen(words[1]);
	struct etcd_operation range = {
		.kind = ETCD_RANGE, .key = words[1], .key_len = len, .end = end, .end_len = len};
	struct etcd_transaction transaction = {.success = &range, .success_count = 1};
	struct etcd_answer answer;
	enum etcd_result result;

	etcd_prefix_end(words[1], len, end);
	result = etcd_run(client->etcd, &transaction, deadline, &answer, &client->reason);
	for (size_t i = 0; result == ETCD_OK && i < answer.found[0].count; i++)
		say_pair("pair", &answer.found[0].pairs[i]);
	say(client, result, &answer.header);
	etcd_answer_free(&answer);
}

/* cas KEY MOD_REVISION VALUE [LEASE]: "ok .." after "won" or "lost". */
static void
cas(struct client *client, char **words, uint64_t deadline)
{
	size_t len = strlen(words[1]);
	struct etcd_compare compare = {words[1], len, ETCD_MOD_REVISION, number(words[2])};
	struct etcd_operation put = {.kind = ETCD_PUT,
				     .key = words[1],
				     .key_len = len,
				     .value = words[3],
				     .value_len = strlen(words[3]),
				     .lease = number(words[4])};
	struct etcd_operation range = {.kind = ETCD_RANGE, .key = words[1], .key_len = len};
	struct etcd_transaction transaction = {&compare, 1, &put, &range, 1, 1};
	struct etcd_answer answer;
	enum etcd_result result =
		etcd_run(client->etcd, &transaction, deadline, &answer, &client->reason);

	if (result == ETCD_OK)
		puts(answer.has_succeeded ? "won" : "lost");
	for (size_t i = 0; result == ETCD_OK && !answer.has_succeeded && i < answer.found[0].count;
	     i++)
		say_pair("pair", &answer.found[0].pairs[i]);
	say(client, result, &answer.header);
	etcd_answer_free(&answer);
}

static void
grant(struct client *client, char **words, uint64_t deadline)
{
	struct etcd_header header;
	uint64_t lease = 0, ttl = 0;
	enum etcd_result result = etcd_lease_grant(client->etcd, number(words[1]), deadline, &lease,
						   &ttl, &header, &client->reason);

	printf("lease %" PRIu64 " %" PRIu64 "\n", lease, ttl);
	say(client, result, &header);
}

static void
keep(struct client *client, char **words, uint64_t deadline)
{
	struct etcd_header header;
	uint64_t ttl = 0;
	enum etcd_result result = etcd_lease_keep_alive(client->etcd, number(words[1]), deadline,
							&ttl, &header, &client->reason);

	printf("ttl %" PRIu64 "\n", ttl);
	say(client, result, &header);
}

static void
left(struct client *client, char **words, uint64_t deadline)
{
	struct etcd_header header;
	uint64_t ttl = 0;
	bool is_gone = false;
	enum etcd_result result = etcd_lease_left(client->etcd, number(words[1]), deadline, &ttl,
						  &is_gone, &header, &client->reason);

	printf("%s %" PRIu64 "\n", is_gone ? "gone" : "left", ttl);
	say(client, result, &header);
}

static void
revoke(struct client *client, char **words, uint64_t deadline)
{
	enum etcd_result result =
		etcd_lease_revoke(client->etcd, number(words[1]), deadline, &client->reason);

	printf("%s %s\n", results[result], client->reason.start);
}

/* --- watches ------------------------------------------------------------------------------------- */

static void
watch(struct client *client, char **words, uint64_t deadline)
{
	(void)deadline;
	if (client->watch != NULL)
		etcd_watch_close(client->watch);
	client->watch = etcd_watch_open(client->etcd, words[1], strlen(words[1]), number(words[2]));
	puts("ok");
}

static void
on_event(void *arg, const struct etcd_pair *pair, bool is_deleted)
{
	struct client *client = arg;

	client->events++;
	say_pair(is_deleted ? "delete" : "put", pair);
}

/* events [ready]: wait until there is one, the watch ends, or it is ready. */
static void
events(struct client *client, char **words, uint64_t deadline)
{
	static const char *const states[] = {"watching", "compacted", "ended"};
	bool waits_for_ready = words[1] != NULL;
	enum etcd_watch_state state;

	client->events = 0;
	for (;;) {
		state = etcd_watch_read(client->watch, on_event, client, &client->reason);
		if (state != ETCD_WATCHING || client->events > 0 || clock_ms() >= deadline ||
		    (waits_for_ready && etcd_watch_is_ready(client->watch)))
			break;
		etcd_wait(client->etcd, deadline);
	}
	printf("%s next %" PRIu64 " %s\n", states[state], etcd_watch_next(client->watch),
	       client->reason.start);
}

/* --- the lines ------------------------------------------------------------------------------------- */

static void
within(struct client *client, char **words, uint64_t deadline)
{
	(void)deadline;
	client->within_ms = number(words[1]);
	puts("ok");
}

static const struct {
	const char *name;
	void (*run)(struct client *client, char **words, uint64_t deadline);
} calls[] = {{"get", get},     {"cas", cas},	   {"grant", grant},
	     {"keep", keep},   {"left", left},	   {"revoke", revoke},
	     {"watch", watch}, {"events", events}, {"within", within}};

static void
run_line(struct client *client, char *line)
{
	char *words[MOST_WORDS] = {NULL};
	size_t count = 0;

	for (char *word = strtok(line, " \n"); word != NULL && count < MOST_WORDS - 1;
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
	struct etcd_settings settings = {
		.web = {.endpoints = (const char *const *)arguments + 2,
			.endpoints_count = (size_t)count - 2,
			.ca_file = getenv("CA_FILE"),
			.cert_file = getenv("CERT_FILE"),
			.key_file = getenv("KEY_FILE")},
		.user = getenv("ETCD_USER"),
		.password = getenv("ETCD_PASSWORD"),
	};
	struct client client = {.within_ms = 3000};
	char line[4096];

	if (count < 3 || !etcd_begin())
		return 2;
	settings.attempt_ms = number(arguments[1]);
	client.reason = TEXT_OVER(client.reason_words);
	client.etcd = etcd_new(&settings);
	while (fgets(line, sizeof(line), stdin) != NULL)
		run_line(&client, line);
	if (client.watch != NULL)
		etcd_watch_close(client.watch);
	etcd_free(client.etcd);
	etcd_end();
	return 0;
}
