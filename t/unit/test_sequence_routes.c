/* The routes of named sequences, from the bytes of a request to the bytes of its answer. */
#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "front_kit.h"
#include "http/handlers.h"
#include "http/server.h"
#include "loop/loop.h"

static struct kit kit;
static struct event_base *base;
static struct event *flush;
static struct http_server *server;
static struct sockaddr_in address;
static enum database_condition condition;
static struct ticket_service service;

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	kit_run(&kit);
}

static void
on_wake(void)
{
	event_active(flush, 0, 0);
}

static size_t
no_databases(void *arg, struct database_state *states)
{
	(void)arg;
	(void)states;
	return 0;
}

static bool
is_up(void *arg)
{
	(void)arg;
	return condition == DATABASE_UP;
}

static void
begin_with(const struct front_settings *settings, uint32_t most, uint32_t per_second)
{
	static struct log_limit error_lines;
	struct http_settings serving = {
		.password = "",
		.deadline_ms = 60000,
		.context = &service,
		.error_lines = &error_lines,
	};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	log_begin(LOG_LEVEL_ERROR);
	loop_library_begin();
	base = loop_base_new();
	flush = loop_event_new(base, -1, 0, on_flush, NULL);
	kit_begin_with(&kit, settings, most, per_second);
	kit.on_wake = on_wake;
	condition = DATABASE_UP;
	service = (struct ticket_service){
		.allocator = kit.allocator, .max_batch = 100000, .databases = no_databases};
	if (settings->databases > 0)
		front_stores_add(&service.stores, &(struct front_store){.name = "tickr",
									.front = kit.front,
									.is_ready = is_up});
	address = (struct sockaddr_in){.sin_family = AF_INET};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 64) == 0);
	assert(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
	server = http_server_new(base, &serving,
				 settings->databases > 0 ? &client_routes_with_sequences
							 : &client_routes,
				 &listener, 1);
}

static void
begin(enum front_names names)
{
	begin_with(&(struct front_settings){.names = names, .databases = 1}, 100, 100);
}

static void
end(void)
{
	http_server_free(server);
	kit_end(&kit);
	event_free(flush);
	event_base_free(base);
}

/* Send REQUEST, and return the answer up to the end of the connection. */
static const char *
exchange(const char *method, const char *path)
{
	static char received[131072];
	char request[4096];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t len = 0;
	ssize_t got = -1;
	int sent = snprintf(request, sizeof(request),
			    "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", method, path);

	assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	assert(write(fd, request, (size_t)sent) == sent);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (got != 0) {
		if (got < 0)
			event_base_loop(base, EVLOOP_ONCE);
		got = read(fd, received + len, sizeof(received) - 1 - len);
		if (got > 0)
			len += (size_t)got;
	}
	received[len] = '\0';
	close(fd);
	return received;
}

/* METHOD of PATH is answered with CODE. WORDS are in the answer, or, after a "=", are the body; NULL: any. */
static void
assert_answer(const char *method, const char *path, int code, const char *words)
{
	const char *answer = exchange(method, path);
	const char *body = strstr(answer, "\r\n\r\n");
	char status[32];

	snprintf(status, sizeof(status), "HTTP/1.1 %d ", code);
	cr_assert_not_null(body, "%s: %s", path, answer);
	body += 4;
	cr_assert_eq(strncmp(answer, status, strlen(status)), 0, "%s %s: %s", method, path, answer);
	cr_assert_eq(strstr(answer, "\r\nRetry-After: 1\r\n") != NULL, code == 429 || code == 503,
		     "%s: %s", path, answer);
	if (words != NULL && words[0] == '=')
		cr_assert_str_eq(body, words + 1, "%s", path);
	else if (words != NULL)
		cr_assert_not_null(strstr(answer, words), "%s: %s", path, answer);
	if (code == 200)
		return;
	cr_assert_eq(strncmp(body, "{\"error\":\"", 10), 0, "%s: %s", path, body);
	cr_assert_null(strstr(body, "\"first\":"), "%s: %s", path, body);
	cr_assert_null(strstr(body, "\"increment\":"), "%s: %s", path, body);
	cr_assert_null(strstr(body, "\"count\":"), "%s: %s", path, body);
}

/* --- the table of requests ------------------------------------------------------------------------ */

struct asked {
	const char *method, *path;
	int code;
	const char *words;
};

static void
assert_answers(const struct asked *cases, size_t count)
{
	begin(FRONT_NAMES_ANY);
	for (size_t i = 0; i < count; i++)
		assert_answer(cases[i].method, cases[i].path, cases[i].code, cases[i].words);
	end();
}

Test(sequence_routes, a_request_names_the_count_the_format_and_the_order)
{
	static const struct asked cases[] = {
		{"GET", "/sequences/orders/create", 200, "=[1]"},
		{"POST", "/sequences/orders/create", 200, "=[2]"},
		{"GET", "/sequences/orders/create/3", 200, "=[3,4,5]"},
		{"POST", "/sequences/orders/create/2", 200, "=[6,7]"},
		{"GET", "/sequences/orders/create/1000?format=group", 200,
		 "={\"first\":8,\"increment\":1,\"count\":1000}"},
		{"GET", "/sequences/orders/create?format=group", 200,
		 "={\"first\":1008,\"increment\":1,\"count\":1}"},
		{"GET", "/sequences/orders/create/0?format=group", 200,
		 "={\"first\":1009,\"increment\":1,\"count\":1}"},
		{"GET", "/sequences/orders/create/2?order=weak&format=array", 200, "=[1010,1011]"},
		{"GET", "/sequences/orders/create?order=strong", 200, "=[1012]"},
	};

	assert_answers(cases, ARRAY_LENGTH(cases));
}

Test(sequence_routes, each_decoded_name_has_a_counter_of_its_own)
{
	static const struct asked cases[] = {
		{"GET", "/sequences/a%2Fb/create", 200, "=[1]"},
		{"GET", "/sequences/a%2fb/create", 200, "=[2]"},
		{"GET", "/sequences/../create", 200, "=[1]"},
		{"GET", "/sequences/%2E%2E/create", 200, "=[2]"},
		{"GET", "/sequences/create/create", 200, "=[1]"},
		{"GET", "/sequences/\xc3\xbc/create", 200, "=[1]"},
		{"GET", "/sequences/%C3%BC/create", 200, "=[2]"},
		{"GET", "/sequences/u%CC%88/create", 200, "=[1]"},
		{"GET", "/sequences/A/create", 200, "=[1]"},
		{"GET", "/sequences/a/create", 200, "=[1]"},
		{"GET", "/sequences/a%20/create", 200, "=[1]"},
		{"GET", "http://h/sequences/a/create", 200, "=[2]"},
	};

	assert_answers(cases, ARRAY_LENGTH(cases));
}

Test(sequence_routes, a_bad_request_is_told_what_is_allowed_and_allocates_nothing)
{
	static const struct asked cases[] = {
		{"GET", "/sequences/orders/create/0", 400, "the number of ids is"},
		{"GET", "/sequences/orders/create/x", 400, "from 1 to 100000"},
		{"GET", "/sequences/orders/create/100001", 400, "from 1 to 100000"},
		{"GET", "/sequences/orders/create/", 400, "from 1 to 100000"},
		{"GET", "/sequences/orders/create/create", 400, "from 1 to 100000"},
		{"GET", "/sequences/orders/create?format=xml", 400, "must be array or group"},
		{"GET", "/sequences/orders/create?order=any", 400, "must be strong or weak"},
		{"GET", "/sequences//create", 400, "1 to 128 bytes"},
		{"GET", "/sequences/", 400, "1 to 128 bytes"},
		{"GET", "/sequences/a/b/create", 400, "/ is written %2F"},
		{"GET", "/sequences/a/b", 400, "/ is written %2F"},
		{"GET", "/sequences/%/create", 400, "% itself is written %25"},
		{"GET", "/sequences/%FF/create", 400, "not UTF-8"},
		{"GET", "/sequences/%00/create", 400, "control character"},
		{"GET", "/sequences/%0D%0A/create", 400, "control character"},
		{"GET", "/sequences?limit=0", 400, "from 1 to 1000"},
		{"GET", "/sequences?limit=1001", 400, "from 1 to 1000"},
		{"GET", "/sequences?after=%FF", 400, "not UTF-8"},
		{"GET", "/sequences/orders/create", 200, "=[1]"},
	};

	assert_answers(cases, ARRAY_LENGTH(cases));
}

Test(sequence_routes, other_methods_and_paths_are_refused)
{
	static const struct asked cases[] = {
		{"PUT", "/sequences/orders/create", 405, "Allow: GET, POST"},
		{"POST", "/sequences/orders", 405, "Allow: GET, HEAD"},
		{"DELETE", "/sequences", 405, "Allow: GET, HEAD"},
		{"GET", "//sequences/a/create", 404, "there is nothing here"},
		{"GET", "/Sequences/a/create", 404, "/sequences/NAME/create"},
		{"GET", "/sequences/none", 404, "the first create makes it"},
	};

	assert_answers(cases, ARRAY_LENGTH(cases));
	begin(FRONT_NAMES_ANY);
	cr_assert_not_null(
		strstr(exchange("HEAD", "/sequences/orders/create"), "Allow: GET, POST"));
	end();
}

Test(sequence_routes, without_named_sequences_the_routes_are_unknown_paths)
{
	static const char *const paths[] = {"/sequences", "/sequences/a", "/sequences/a/create",
					    "/sequences/a/create/5"};

	begin_with(&(struct front_settings){.databases = 0}, 1, 1);
	service.stores.count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		assert_answer("GET", paths[i], 404, "there is nothing here");
		cr_assert_null(strstr(exchange("GET", paths[i]), "sequences"));
	}
	assert_answer("GET", "/readyz?sequences", 503, "not ready");
	end();
}

Test(sequence_routes, a_name_that_is_not_served_says_what_to_do)
{
	begin_with(&(struct front_settings){.names = FRONT_NAMES_ANY, .databases = 1}, 2, 2);
	kit_declare(&kit, "old", SEQUENCE_STRONG)->policy.is_retired = true;
	assert_answer("GET", "/sequences/old/create", 410, "retired");
	assert_answer("GET", "/sequences/a/create", 200, "=[1]");
	assert_answer("GET", "/sequences/b/create", 200, "=[1]");
	assert_answer("GET", "/sequences/c/create", 507, "TICKR_SEQUENCES_MOST");
	assert_answer("GET", "/sequences/a/create", 200, "=[2]");
	end();
	begin_with(&(struct front_settings){.names = FRONT_NAMES_ANY, .databases = 1}, 100, 1);
	assert_answer("GET", "/sequences/a/create", 200, "=[1]");
	assert_answer("GET", "/sequences/c/create", 429, "TICKR_SEQUENCES_PER_SECOND");
	assert_answer("GET", "/sequences/a/create", 200, "=[2]");
	end();
	begin(FRONT_NAMES_DECLARED);
	assert_answer("GET", "/sequences/a/create", 404, "tickrd sequence create");
	assert_answer("GET", "/sequences/a", 404, "tickrd sequence create");
	end();
}

Test(sequence_routes, a_weak_sequence_of_several_databases_has_no_strong_order)
{
	begin_with(&(struct front_settings){.names = FRONT_NAMES_ANY, .databases = 2}, 9, 9);
	kit_declare(&kit, "weak", SEQUENCE_WEAK);
	assert_answer("GET", "/sequences/weak/create", 200, "=[1]");
	assert_answer("GET", "/sequences/weak/create?order=strong", 400, "order=strong");
	end();
}

Test(sequence_routes, scrambled_ids_are_refused_in_the_forms_that_they_cannot_have)
{
	struct kit_row *row;

	begin(FRONT_NAMES_ANY);
	row = kit_declare(&kit, "secret", SEQUENCE_WEAK);
	row->policy.form = SEQUENCE_SCRAMBLED;
	assert_answer("GET", "/sequences/secret/create?order=strong", 400, "no order");
	assert_answer("GET", "/sequences/secret/create?format=group", 400, "ask for an array");
	assert_answer("GET", "/sequences/secret/create/10001", 400, "at most 10000");
	assert_answer("GET", "/sequences/secret/create", 503, "TICKR_SCRAMBLE_KEY_FILE");
	end();
}

Test(sequence_routes, a_database_that_fails_is_503)
{
	begin(FRONT_NAMES_ANY);
	kit.failure = TICKET_DATABASE_FAILED;
	assert_answer("GET", "/sequences/orders/create", 503, "it failed");
	assert_answer("GET", "/sequences/orders", 503, "it failed");
	assert_answer("GET", "/sequences", 503, "it failed");
	kit.failure = TICKET_EXHAUSTED;
	assert_answer("GET", "/sequences/orders/create", 500, "it failed");
	end();
}

/* --- rows of the database ------------------------------------------------------------------------ */

Test(sequence_routes, a_sequence_is_shown_in_ids)
{
	struct kit_row *row;

	begin(FRONT_NAMES_ANY);
	kit.space = (struct ticket_space){10, 3, 1};
	row = kit_declare(&kit, "a\"b", SEQUENCE_WEAK);
	row->policy.start = 5;
	row->policy.most = 9;
	row->last = 4;
	assert_answer("GET", "/sequences/a%22b", 200,
		      "={\"name\":\"a\\\"b\",\"last\":null,\"start\":44,\"most\":84,"
		      "\"order\":\"weak\",\"held\":0}");
	assert_answer("GET", "/sequences/a%22b/create", 200, "=[44]");
	kit.held = 7;
	assert_answer("GET", "/sequences/a%22b", 200, "\"last\":44,");
	assert_answer("GET", "/sequences/a%22b", 200, "\"held\":7}");
	row->policy.is_retired = true;
	row->policy.form = SEQUENCE_SCRAMBLED;
	assert_answer("GET", "/sequences/a%22b", 200, ",\"form\":\"scrambled\",\"retired\":true}");
	cr_assert_null(strstr(exchange("HEAD", "/sequences/a%22b"), "name"));
	end();
}

Test(sequence_routes, the_default_end_is_the_last_id)
{
	begin(FRONT_NAMES_ANY);
	kit_add(&kit, "a", 1);
	assert_answer("GET", "/sequences/a", 200, "\"most\":4611686018427387903,");
	kit.space = (struct ticket_space){10, 3, 1};
	assert_answer("GET", "/sequences/a", 200, "\"most\":9223372036854775804,");
	end();
}

Test(sequence_routes, pages_lead_through_all_names)
{
	begin(FRONT_NAMES_ANY);
	assert_answer("GET", "/sequences", 200, "={\"sequences\":[],\"next\":null}");
	kit_add(&kit, "b", 1);
	kit_add(&kit, "a b", 3);
	kit_add(&kit, "\xc3\xbc", 2);
	assert_answer("GET", "/sequences", 200, "\"next\":null}");
	assert_answer("GET", "/sequences?limit=1", 200, "\"next\":\"a b\"}");
	assert_answer("GET", "/sequences?limit=1&after=a%20b", 200, "\"next\":\"b\"}");
	assert_answer("GET", "/sequences?limit=1&after=a+b", 200, "[{\"name\":\"b\",");
	assert_answer("GET", "/sequences?limit=1&after=b", 200, "[{\"name\":\"\xc3\xbc\",");
	assert_answer("GET", "/sequences?after=%C3%BC", 200, "={\"sequences\":[],\"next\":null}");
	end();
}

Test(sequence_routes, readiness_of_sequences_is_asked_for_by_name)
{
	begin(FRONT_NAMES_ANY);
	assert_answer("GET", "/readyz?sequences", 200, "={\"ready\":true}");
	assert_answer("GET", "/readyz?sequences=1", 200, "={\"ready\":true}");
	assert_answer("GET", "/readyz", 503, "not ready");
	condition = DATABASE_REFUSED;
	assert_answer("GET", "/readyz?sequences", 503, "not ready");
	condition = DATABASE_UP;
	http_server_announce_drain(server);
	assert_answer("GET", "/readyz?sequences", 503, "not ready");
	assert_answer("GET", "/sequences/orders/create", 200, "=[1]");
	end();
}

Test(sequence_routes, metrics_name_the_busiest_sequences_and_no_other)
{
	char name[8], path[64];

	begin(FRONT_NAMES_ANY);
	assert_answer("GET", "/metrics", 200, "\ntickr_sequence_recent_ids_other 0\n");
	for (unsigned i = 1; i <= 22; i++) {
		snprintf(path, sizeof(path), "/sequences/n%u%%22/create/%u", i, i);
		assert_answer("GET", path, 200, NULL);
	}
	directory_rank(kit.directory);
	assert_answer("GET", "/metrics", 200, "\ntickr_sequence_recent_ids_other 3\n");
	for (unsigned i = 1; i <= 22; i++) {
		char line[96];

		snprintf(name, sizeof(name), "n%u", i);
		snprintf(line, sizeof(line),
			 "\ntickr_sequence_recent_ids{sequence=\"%s\\\"\"} %u\n", name, i);
		cr_assert_eq(strstr(exchange("GET", "/metrics"), line) != NULL, i > 2, "%s", name);
	}
	directory_rank(kit.directory);
	assert_answer("GET", "/metrics", 200, "\ntickr_sequence_recent_ids_other 0\n");
	cr_assert_null(strstr(exchange("GET", "/metrics"), "{sequence="));
	end();
}

Test(sequence_routes, metrics_do_not_speak_of_the_busiest_without_sequences)
{
	begin_with(&(struct front_settings){.names = FRONT_NAMES_ANY}, 100, 100);
	service.stores.count = 0;
	cr_assert_null(strstr(exchange("GET", "/metrics"), "recent_ids"));
	end();
}

Test(sequence_routes, a_store_is_chosen_by_its_name)
{
	begin(FRONT_NAMES_ANY);
	front_stores_add(
		&service.stores,
		&(struct front_store){.name = "redis1", .front = kit.front, .is_ready = is_up});
	assert_answer("POST", "/sequences/a/create?store=redis1", 200, "=[1]");
	assert_answer("POST", "/sequences/a/create?store=tickr", 200, "=[2]");
	assert_answer("POST", "/sequences/a/create?store=nobody", 404,
		      "={\"error\":\"there is no store \\\"nobody\\\"; name one with ?store=NAME: "
		      "tickr, redis1\"}");
	assert_answer("GET", "/sequences?store=nobody", 404, "there is no store");
	assert_answer("GET", "/sequences/a?store=nobody", 404, "there is no store");
	assert_answer("GET", "/readyz?store=redis1", 200, NULL);
	assert_answer("GET", "/readyz?store=nobody", 503, NULL);
	condition = DATABASE_DOWN;
	assert_answer("GET", "/readyz?store=redis1", 503, NULL);
	end();
}

Test(sequence_routes, clients_see_keys_without_the_prefix_of_the_store)
{
	begin_with(&(struct front_settings){.names = FRONT_NAMES_ANY,
					    .databases = 1,
					    .prefix = "sequencer|||app||"},
		   100, 100);
	kit_add(&kit, "sequencer|||another||x", strlen("sequencer|||another||x"));
	kit_add(&kit, "sequencer|||apple||x", strlen("sequencer|||apple||x"));
	assert_answer("POST", "/sequences/b/create/2", 200, "=[1,2]");
	assert_answer("POST", "/sequences/a/create", 200, "=[1]");
	cr_assert_not_null(kit_row(&kit, "sequencer|||app||b", strlen("sequencer|||app||b")));
	assert_answer("GET", "/sequences/b", 200, "{\"name\":\"b\",\"last\":2,");
	assert_answer("GET", "/sequences?limit=1", 200, "[{\"name\":\"a\",");
	assert_answer("GET", "/sequences?limit=1", 200, "\"next\":\"a\"}");
	assert_answer("GET", "/sequences?after=a", 200, "[{\"name\":\"b\",");
	cr_assert_null(strstr(exchange("GET", "/sequences"), "another"));
	cr_assert_null(strstr(exchange("GET", "/sequences"), "apple"));
	assert_answer("POST", "/sequences/a%7C%7Cb/create", 400, "must not have ||");
	end();
}
