#include <criterion/criterion.h>
#include <unistd.h>

#include "coordinator_kit.h"
#include "lease/note.h"

static uint64_t unix_now_ms;
static _Atomic unsigned listening_port;

static uint64_t
told_unix_ms(void *arg)
{
	(void)arg;
	return unix_now_ms;
}

static uint64_t
told_boot_ms(void *arg)
{
	(void)arg;
	return 0;
}

static const struct snowflake_clock told_clock = {told_unix_ms, told_boot_ms, NULL};
static const char *const endpoints[] = {"127.0.0.1"};
static struct coordinator_settings own = {.kind = &kit_kind,
					  .endpoints = endpoints,
					  .endpoints_count = 1,
					  .prefix = "/id-generator",
					  .ttl_ms = 10000};

/* A server with its settings, and the reason of its last call. */
struct server {
	struct lease_settings settings;
	struct coordinated *driver;
	struct lease_claim claim;
	char instance[64], memory[LEASE_REASON_SIZE];
	struct text reason;
};

static void
begin(void)
{
	kit_reset();
	listening_port = 8080;
	unix_now_ms = kit.unix_ms;
}

#define EPOCH	   SNOWFLAKE_EPOCH_MS
#define AHEAD_MS   60000
#define ID_NOW()   (unix_now_ms - EPOCH)
#define BOUND_PATH "/id-generator/bounds/dc0_worker5"

static struct server *
open_server(const char *name, uint32_t worker)
{
	struct server *server = xcalloc(1, sizeof(*server));

	snprintf(server->instance, sizeof(server->instance), "%s", name);
	server->settings = (struct lease_settings){.epoch_ms = UINT64_MAX,
						   .worker = worker,
						   .ahead_ms = AHEAD_MS,
						   .ttl_ms = 10000,
						   .grace_ms = 3600000,
						   .instance = server->instance,
						   .hostname = name,
						   .ip = "10.0.0.1",
						   .port = &listening_port,
						   .version = "1",
						   .started_at_ms = unix_now_ms,
						   .state_dir = "",
						   .clock = &told_clock,
						   .driver_settings = &own};
	server->reason = TEXT_OVER(server->memory);
	server->driver = lease_coordinated.open(&server->settings, &server->reason);
	cr_assert_not_null(server->driver, "%s", server->memory);
	return server;
}

static void
close_server(struct server *server)
{
	lease_coordinated.close(server->driver);
	free(server);
}

static uint64_t
soon(void)
{
	return clock_ms() + 10000;
}

static enum lease_result
claim(struct server *server)
{
	text_clear(&server->reason);
	return lease_coordinated.claim(server->driver, soon(), &server->claim, &server->reason);
}

static enum lease_result
extend(struct server *server, uint64_t bound_ms)
{
	text_clear(&server->reason);
	return lease_coordinated.extend(server->driver, soon(), bound_ms, &server->reason);
}

static enum lease_result
retire(struct server *server, uint64_t used_ms)
{
	text_clear(&server->reason);
	return lease_coordinated.retire(server->driver, soon(), used_ms, 77, &server->reason);
}

static uint64_t
stored_bound(uint32_t worker)
{
	struct lease_bound_note note;
	char path[64];

	snprintf(path, sizeof(path), "/id-generator/bounds/dc0_worker%u", worker);
	cr_assert(kit_find(path) != NULL && lease_note_read_bound(kit_find(path)->value, &note));
	return note.bound_ms;
}

Test(coordinated, first_claim_writes_the_tree)
{
	struct server *server;

	begin();
	server = open_server("a", 5);
	cr_assert_eq(claim(server), LEASE_OK, "%s", server->memory);
	cr_assert_eq(server->claim.worker, 5);
	cr_assert_eq(server->claim.floor_ms, 0);
	cr_assert_eq(server->claim.bound_ms, ID_NOW() + AHEAD_MS);
	cr_assert_eq(server->claim.shared.epoch_ms, EPOCH);
	cr_assert_eq(stored_bound(5), server->claim.bound_ms);
	cr_assert_str_eq(kit_find("/id-generator/config/epoch")->value, "1609459200000");
	cr_assert_str_eq(kit_find("/id-generator/config/datacenter_bits")->value, "0");
	cr_assert_eq(kit_find("/id-generator/datacenters/dc0/workers/worker5")->session, 1);
	cr_assert_eq(kit_find(BOUND_PATH)->session, 0);
	close_server(server);
}

Test(coordinated, held_id_is_refused_with_the_name_of_its_holder)
{
	struct server *a, *b;

	begin();
	a = open_server("a.example", 5);
	b = open_server("b.example", 5);
	cr_assert_eq(claim(a), LEASE_OK);
	cr_assert_eq(claim(b), LEASE_NONE_FREE);
	cr_assert(strstr(b->memory, "worker id 5 of datacenter 0 is held by a.example at 10.0.0.1"),
		  "%s", b->memory);
	close_server(a);
	close_server(b);
}

Test(coordinated, when_all_ids_are_held_their_count_is_named)
{
	struct server *server;

	begin();
	for (unsigned i = 0; i < 1024; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/id-generator/datacenters/dc0/workers/worker%u", i);
		kit_put(path, "{}", 0);
	}
	server = open_server("a", LEASE_WORKER_AUTO);
	cr_assert_eq(claim(server), LEASE_NONE_FREE);
	cr_assert(strstr(server->memory, "all 1024 worker ids of datacenter 0 are held"), "%s",
		  server->memory);
	kit_remove(kit_find("/id-generator/datacenters/dc0/workers/worker700"));
	cr_assert_eq(claim(server), LEASE_OK);
	cr_assert_eq(server->claim.worker, 700);
	close_server(server);
}

Test(coordinated, next_holder_begins_above_the_bound_and_the_old_one_is_told)
{
	struct server *a, *b;

	begin();
	a = open_server("a", 5);
	b = open_server("b", 5);
	cr_assert_eq(claim(a), LEASE_OK);
	kit_expire(1);
	cr_assert_eq(claim(b), LEASE_OK);
	cr_assert_eq(b->claim.floor_ms, a->claim.bound_ms);
	cr_assert_eq(b->claim.bound_ms, a->claim.bound_ms + AHEAD_MS);
	cr_assert_eq(extend(a, ID_NOW() + 2 * AHEAD_MS), LEASE_GONE);
	cr_assert_eq(stored_bound(5), b->claim.bound_ms);
	close_server(a);
	close_server(b);
}

Test(coordinated, a_port_that_is_known_later_is_shown)
{
	struct server *server, *other;

	begin();
	listening_port = 0;
	server = open_server("a", 5);
	cr_assert_eq(claim(server), LEASE_OK);
	listening_port = 4711;
	cr_assert_eq(extend(server, ID_NOW() + AHEAD_MS), LEASE_OK);
	other = open_server("b", 5);
	cr_assert_eq(claim(other), LEASE_NONE_FREE);
	cr_assert(strstr(other->memory, "port 4711"), "%s", other->memory);
	cr_assert_eq(extend(server, ID_NOW() + AHEAD_MS), LEASE_OK, "the claim is still its own");
	kit_expire(1);
	cr_assert_null(kit_find("/id-generator/datacenters/dc0/workers/worker5"),
		       "... and ends with its session");
	close_server(server);
	close_server(other);
}

Test(coordinated, extension_without_an_answer_is_found_out)
{
	struct server *a;
	uint64_t first = ID_NOW() + 2 * AHEAD_MS;

	begin();
	first = ID_NOW() + 2 * AHEAD_MS;
	a = open_server("a", 5);
	cr_assert_eq(claim(a), LEASE_OK);
	kit.fault = KIT_DONE_SILENT;
	cr_assert_eq(extend(a, first), LEASE_UNKNOWN);
	cr_assert_eq(stored_bound(5), first);
	cr_assert_eq(extend(a, first + 5), LEASE_OK, "%s", a->memory);
	cr_assert_eq(stored_bound(5), first + 5);
	kit.fault = KIT_LOST;
	cr_assert_eq(extend(a, first + 10), LEASE_UNKNOWN);
	cr_assert_eq(extend(a, first + 11), LEASE_OK);
	cr_assert_eq(stored_bound(5), first + 11);
	close_server(a);
}

Test(coordinated, late_extension_never_lowers_the_bound)
{
	struct server *a;
	uint64_t first;

	begin();
	first = ID_NOW() + 2 * AHEAD_MS;
	a = open_server("a", 5);
	cr_assert_eq(claim(a), LEASE_OK);
	kit.fault = KIT_LATE;
	cr_assert_eq(extend(a, first), LEASE_UNKNOWN);
	cr_assert_eq(extend(a, first + 5), LEASE_OK);
	cr_assert_eq(kit_deliver(), COORDINATOR_FAILED);
	cr_assert_eq(stored_bound(5), first + 5);

	/* It arrives after the nodes were read, and before the next one. */
	kit.fault = KIT_LATE;
	cr_assert_eq(extend(a, first + 100), LEASE_UNKNOWN);
	a->driver->is_unsure = false;
	cr_assert_eq(kit_deliver(), COORDINATOR_OK);
	cr_assert_eq(extend(a, first + 50), LEASE_OK);
	cr_assert_eq(stored_bound(5), first + 100);
	close_server(a);
}

Test(coordinated, claim_without_an_answer_is_found_out)
{
	struct server *a;

	begin();
	a = open_server("a", LEASE_WORKER_AUTO);
	kit.fault = KIT_DONE_SILENT;
	cr_assert_eq(claim(a), LEASE_UNKNOWN);
	cr_assert_eq(claim(a), LEASE_OK, "%s", a->memory);
	cr_assert_eq(a->claim.floor_ms, 0);
	cr_assert_eq(stored_bound(a->claim.worker), a->claim.bound_ms);
	cr_assert_eq(extend(a, a->claim.bound_ms + 1), LEASE_OK, "%s", a->memory);
	close_server(a);
}

Test(coordinated, late_claim_does_not_become_a_second_one)
{
	struct server *a;
	uint32_t workers = 0;

	begin();
	a = open_server("a", LEASE_WORKER_AUTO);
	kit.fault = KIT_LATE;
	cr_assert_eq(claim(a), LEASE_UNKNOWN);
	cr_assert_eq(claim(a), LEASE_OK, "%s", a->memory);
	cr_assert_neq(kit_deliver(), COORDINATOR_OK);
	for (size_t i = 0; i < kit.count; i++)
		workers += strstr(kit.nodes[i].path, "/workers/") != NULL;
	cr_assert_eq(workers, 1);
	close_server(a);
}

Test(coordinated, retired_id_rests_unless_no_other_is_free)
{
	struct server *a, *b;
	uint64_t used;

	begin();
	a = open_server("a", 5);
	cr_assert_eq(claim(a), LEASE_OK);
	used = ID_NOW();
	cr_assert_eq(retire(a, used), LEASE_OK, "%s", a->memory);
	cr_assert_eq(stored_bound(5), used);
	cr_assert_null(kit_find("/id-generator/datacenters/dc0/workers/worker5"));
	cr_assert_not_null(kit_find("/id-generator/retired_workers/dc0_worker5"));
	for (unsigned i = 0; i < 1024; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/id-generator/datacenters/dc0/workers/worker%u", i);
		if (i != 5 && i != 6)
			kit_put(path, "{}", 0);
	}
	for (unsigned i = 0; i < 10; i++) {
		b = open_server("b", LEASE_WORKER_AUTO);
		cr_assert_eq(claim(b), LEASE_OK);
		cr_assert_eq(b->claim.worker, 6);
		kit_end(b->driver->self, 0);
		close_server(b);
	}
	kit_put("/id-generator/datacenters/dc0/workers/worker6", "{}", 0);
	unix_now_ms += 5;
	b = open_server("b", LEASE_WORKER_AUTO);
	cr_assert_eq(claim(b), LEASE_OK);
	cr_assert_eq(b->claim.worker, 5);
	cr_assert_eq(b->claim.floor_ms, used);
	cr_assert_null(kit_find("/id-generator/retired_workers/dc0_worker5"));
	close_server(a);
	close_server(b);
}

Test(coordinated, ids_whose_bound_is_past_are_preferred)
{
	begin();
	for (unsigned i = 0; i < 1024; i++) {
		char path[64], value[64];

		snprintf(path, sizeof(path), "/id-generator/bounds/dc0_worker%u", i);
		snprintf(value, sizeof(value), "{\"bound_ms\":\"%llu\"}",
			 (unsigned long long)(ID_NOW() + (i % 8 == 0 ? 0 : 5000)));
		kit_put(path, value, 0);
	}
	for (unsigned i = 0; i < 20; i++) {
		struct server *server = open_server("a", LEASE_WORKER_AUTO);

		cr_assert_eq(claim(server), LEASE_OK, "%s", server->memory);
		cr_assert_eq(server->claim.worker % 8, 0);
		cr_assert_eq(retire(server, ID_NOW()), LEASE_OK);
		close_server(server);
	}
}

Test(coordinated, clock_that_is_far_ahead_writes_nothing)
{
	struct server *server;

	begin();
	unix_now_ms += LEASE_MOST_CLOCK_AHEAD_MS + 1001;
	server = open_server("a", LEASE_WORKER_AUTO);
	cr_assert_eq(claim(server), LEASE_CLOCK_AHEAD);
	cr_assert_eq(kit.count, 0);
	unix_now_ms -= 2000;
	cr_assert_eq(claim(server), LEASE_OK);
	unix_now_ms += 2000;
	cr_assert_eq(extend(server, server->claim.bound_ms + 1), LEASE_CLOCK_AHEAD);
	cr_assert_eq(stored_bound(server->claim.worker), server->claim.bound_ms);
	close_server(server);
}

Test(coordinated, coordinator_that_went_back_is_refused_after_a_restart_too)
{
	char folder[] = "/tmp/tickr-highest-XXXXXX", path[64], words[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(words);
	struct server *server;

	begin();
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/kit.revision", folder);
	server = open_server("a", 5);
	cr_assert(highest_open(&server->driver->highest, folder, "kit", &reason));
	kit.revision = 100;
	cr_assert_eq(claim(server), LEASE_OK);
	kit.revision = 50;
	cr_assert_eq(extend(server, server->claim.bound_ms + 1), LEASE_GONE);
	cr_assert(strstr(server->memory, "gone back in time"), "%s", server->memory);
	close_server(server);

	server = open_server("a", 5);
	cr_assert(highest_open(&server->driver->highest, folder, "kit", &reason));
	cr_assert_eq(server->driver->highest.revision, 100);
	cr_assert_eq(claim(server), LEASE_REFUSED);
	cr_assert(strstr(server->memory, path), "%s", server->memory);
	cr_assert_eq(unlink(path), 0);
	server->driver->highest.path[0] = '\0';
	close_server(server);
	rmdir(folder);
}

Test(coordinated, shared_settings_must_fit)
{
	struct server *server;

	begin();
	kit_put("/id-generator/config/epoch", "1600000000000", 0);
	kit_put("/id-generator/config/max_sequence", "99", 0);
	kit_put("/id-generator/config/clock_drift_threshold", "x", 0);
	server = open_server("a", 5);
	cr_assert_eq(claim(server), LEASE_OK, "%s", server->memory);
	cr_assert_eq(server->claim.shared.epoch_ms, 1600000000000);
	cr_assert_eq(server->claim.shared.max_sequence, 99);
	cr_assert_eq(server->claim.shared.drift_ms, UINT64_MAX);
	cr_assert_eq(retire(server, 1), LEASE_OK);
	server->settings.epoch_ms = EPOCH;
	cr_assert_eq(claim(server), LEASE_REFUSED);
	cr_assert(strstr(server->memory, "TICKR_SNOWFLAKE_EPOCH is 1609459200000"), "%s",
		  server->memory);
	server->settings.epoch_ms = UINT64_MAX;
	server->settings.datacenter_bits = 5;
	cr_assert_eq(claim(server), LEASE_REFUSED);
	cr_assert(strstr(server->memory, "TICKR_SNOWFLAKE_DATACENTER_BITS is 5"), "%s",
		  server->memory);
	server->settings.datacenter_bits = 0;
	kit_put("/id-generator/config/epoch", "none", 0);
	cr_assert_eq(claim(server), LEASE_REFUSED);
	close_server(server);
}

Test(coordinated, bound_of_another_epoch_is_refused)
{
	struct server *server;

	begin();
	kit_put(BOUND_PATH, "{\"bound_ms\":\"1\",\"epoch\":\"1600000000000\"}", 0);
	server = open_server("a", 5);
	cr_assert_eq(claim(server), LEASE_REFUSED);
	cr_assert(strstr(server->memory, "has the epoch 1600000000000"), "%s", server->memory);
	close_server(server);
}

Test(coordinated, tend_tells_of_a_lost_session_and_of_settings)
{
	struct server *server;
	struct lease_news news;

	begin();
	server = open_server("a", 5);
	cr_assert_eq(claim(server), LEASE_OK);
	kit_put("/id-generator/config/clock_drift_threshold", "250", 0);
	cr_assert_eq(lease_coordinated.tend(server->driver, soon(), &news, &server->reason),
		     LEASE_OK);
	cr_assert(news.has_shared);
	cr_assert_eq(news.shared.drift_ms, 250);
	kit.is_away = true;
	cr_assert_eq(lease_coordinated.tend(server->driver, soon(), &news, &server->reason),
		     LEASE_UNKNOWN);
	cr_assert_eq(extend(server, server->claim.bound_ms + 1), LEASE_UNKNOWN);
	kit.is_away = false;
	kit_expire(1);
	cr_assert_eq(lease_coordinated.tend(server->driver, soon(), &news, &server->reason),
		     LEASE_GONE);
	cr_assert_eq(claim(server), LEASE_OK);
	cr_assert_eq(server->claim.floor_ms, ID_NOW() + AHEAD_MS);
	close_server(server);
}

Test(coordinated, beside_sidecars_a_claim_waits_for_their_lease)
{
	struct server *server;
	char memory[LEASE_REASON_SIZE];
	struct text reason = TEXT_OVER(memory);
	struct lease_settings settings;

	begin();
	own.layout = TREE_LAYOUT_NODES;
	own.prefix = "uuid-generator";
	kit_put("uuid-generator/node/6", "pod-1", 0);
	settings = (struct lease_settings){
		.epoch_ms = UINT64_MAX, .state_dir = "", .driver_settings = &own};
	cr_assert_null(lease_coordinated.open(&settings, &reason));
	cr_assert(strstr(memory, "needs TICKR_SNOWFLAKE_EPOCH"), "%s", memory);

	own.layout = TREE_LAYOUT_DATACENTERS;
	server = open_server("a", LEASE_WORKER_AUTO);
	server->settings.epoch_ms = EPOCH;
	server->settings.drift_ms = 100;
	server->driver->tree.layout = own.layout = TREE_LAYOUT_NODES;
	cr_assert_eq(claim(server), LEASE_OK, "%s", server->memory);
	cr_assert_neq(server->claim.worker, 6);
	cr_assert_eq(server->claim.floor_ms, ID_NOW() + 10000 + 100);
	cr_assert_eq(kit.count, 3);
	close_server(server);
}
