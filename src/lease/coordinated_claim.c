/*
 * DESIGN. A claim is one transaction: it makes the worker's node, which must be absent, and writes the bound, which
 * must be as it was read. So the claimer knows the last bound of the former holder, and the former holder's
 * next extension fails.
 *
 * Without an answer to the transaction, the claim is PENDING. The next call reads both nodes. If they are not this
 * instance's, the transaction may still arrive late. So the session is ended: the transaction then fails, or
 * its node ends with the session.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "lease/coordinated.h"
#include "lease/note.h"
#include "snowflake/clock.h"

/* After so many lost tries read again which worker ids are free. */
#define CLAIM_MOST_LOST 3

/* So many bounds are read to find one that is past. */
#define CLAIM_MOST_BOUNDS 64

/* A worker id, and its bound as it was read. */
struct claim_candidate {
	uint32_t index; /* in the choice */
	uint32_t worker;
	bool has_bound;
	uint64_t bound_ms; /* 0: there is none */
	uint64_t bound_version;
};

/* --- choosing ------------------------------------------------------------------------------------ */

static void
claim_see_worker(void *arg, const char *name, const char *value)
{
	struct coordinated *c = arg;
	uint32_t worker;

	(void)value;
	if (lease_tree_parse(&c->tree, TREE_WORKERS, name, &worker))
		c->choice.is_held[worker] = true;
}

/* The host that retired an id may take it again. */
static void
claim_see_retired(void *arg, const char *name, const char *value)
{
	struct coordinated *c = arg;
	struct lease_retired_note note;
	uint32_t worker;

	if (!lease_tree_parse(&c->tree, TREE_RETIRED, name, &worker) || value == NULL)
		return;
	lease_note_read_retired(value, &note);
	if (strcmp(note.hostname, c->settings->hostname) != 0)
		c->choice.reuse_after_ms[worker] = note.reuse_after_ms;
}

static enum lease_result
claim_list(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	char folder[TREE_PATH_SIZE];
	enum coordinator_result result;

	memset(&c->choice, 0, sizeof(c->choice));
	c->choice.workers = c->tree.workers;
	lease_tree_folder(&c->tree, TREE_WORKERS, folder);
	result = c->kind->list(c->self, until_ms, folder, false, claim_see_worker, c, reason);
	if (result == COORDINATOR_OK && c->tree.layout != TREE_LAYOUT_NODES) {
		lease_tree_folder(&c->tree, TREE_RETIRED, folder);
		result = c->kind->list(c->self, until_ms, folder, true, claim_see_retired, c,
				       reason);
	}
	if (result != COORDINATOR_OK)
		return coordinated_result(result);
	c->seed = c->seed * 6364136223846793005ull + 1442695040888963407ull;
	lease_choice_make(&c->choice, snowflake_unix_ms(c->settings->clock), c->seed);
	return LEASE_OK;
}

/* Only the wished worker id is a choice. Its holder is named. */
static enum lease_result
claim_list_wished(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	struct coordinator_node node;
	char path[TREE_PATH_SIZE];
	enum coordinator_result result;

	lease_tree_worker(&c->tree, TREE_WORKERS, c->settings->worker, path);
	result = c->kind->read(c->self, until_ms, path, &node, reason);
	if (result != COORDINATOR_OK)
		return coordinated_result(result);
	if (!node.exists) {
		c->choice.order[0] = c->settings->worker;
		c->choice.count = c->choice.free_count = 1;
		return LEASE_OK;
	}
	text_addf(reason, "worker id %u of datacenter %u is held by ", c->settings->worker,
		  c->tree.datacenter);
	lease_note_add_holder(reason, node.value);
	text_add(reason,
		 ": stop that server, or set TICKR_SNOWFLAKE_WORKER to another number or to auto");
	coordinator_node_free(&node);
	return LEASE_NONE_FREE;
}

static enum lease_result
claim_choose(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	enum lease_result result;

	if (c->settings->worker != LEASE_WORKER_AUTO)
		return claim_list_wished(c, until_ms, reason);
	result = claim_list(c, until_ms, reason);
	if (result != LEASE_OK || c->choice.count > 0)
		return result;
	text_addf(reason,
		  "all %u worker ids of datacenter %u are held: stop a server that is not needed, "
		  "or use another datacenter",
		  c->tree.workers, c->tree.datacenter);
	return LEASE_NONE_FREE;
}

/* --- bounds -------------------------------------------------------------------------------------- */

/* Set the bound of CANDIDATE from NODE. LEASE_GONE: it cannot be read, so this worker id cannot be used. */
static enum lease_result
claim_note_bound(const struct coordinated *c, const char *path, const struct coordinator_node *node,
		 struct claim_candidate *candidate, struct text *reason)
{
	struct lease_bound_note note;

	candidate->has_bound = node->exists;
	candidate->bound_ms = 0;
	if (!node->exists)
		return LEASE_OK;
	if (!lease_note_read_bound(node->value, &note)) {
		log_warn("bound of a worker id cannot be read", LOG_TEXT("key", path),
			 LOG_TEXT("value", node->value));
		text_addf(reason, "the bound %s cannot be read: repair it", path);
		return LEASE_GONE;
	}
	if (note.epoch_ms != UINT64_MAX && note.epoch_ms != coordinated_epoch(c)) {
		text_addf(reason,
			  "the bound %s has the epoch %llu, but this server's epoch is %llu: "
			  "set TICKR_SNOWFLAKE_EPOCH to the first",
			  path, (unsigned long long)note.epoch_ms,
			  (unsigned long long)coordinated_epoch(c));
		return LEASE_REFUSED;
	}
	candidate->bound_ms = note.bound_ms;
	candidate->bound_version = node->version;
	return LEASE_OK;
}

static enum lease_result
claim_read_bound(struct coordinated *c, uint64_t until_ms, struct claim_candidate *candidate,
		 struct text *reason)
{
	struct coordinator_node node;
	char path[TREE_PATH_SIZE];
	enum coordinator_result read;
	enum lease_result result;

	lease_tree_worker(&c->tree, TREE_BOUNDS, candidate->worker, path);
	read = c->kind->read(c->self, until_ms, path, &node, reason);
	if (read != COORDINATOR_OK)
		return coordinated_result(read);
	result = claim_note_bound(c, path, &node, candidate, reason);
	coordinator_node_free(&node);
	return result;
}

static uint64_t
claim_now(const struct coordinated *c)
{
	return snowflake_id_time(snowflake_unix_ms(c->settings->clock), coordinated_epoch(c));
}

/*
 * Set *BEST to the first worker id of the choice from FROM on whose bound is past, or to the one with the lowest bound.
 * LEASE_NONE_FREE: no bound can be read.
 */
static enum lease_result
claim_pick(struct coordinated *c, uint64_t until_ms, uint32_t from, struct claim_candidate *best,
	   struct text *reason)
{
	uint64_t now = claim_now(c);
	bool has_best = false;

	for (uint32_t i = from; i < c->choice.count && i < from + CLAIM_MOST_BOUNDS; i++) {
		struct claim_candidate candidate = {.index = i, .worker = c->choice.order[i]};
		enum lease_result result;

		/* A resting id is used only if there is no other. */
		if (has_best && i >= c->choice.free_count)
			break;
		result = claim_read_bound(c, until_ms, &candidate, reason);
		if (result == LEASE_GONE)
			continue;
		if (result != LEASE_OK)
			return result;
		if (!has_best || candidate.bound_ms < best->bound_ms)
			*best = candidate;
		has_best = true;
		if (best->bound_ms <= now)
			break;
	}
	return has_best ? LEASE_OK : LEASE_NONE_FREE;
}

/* --- the transaction ----------------------------------------------------------------------------- */

struct claim_values {
	char worker[NOTE_SIZE], bound[NOTE_SIZE], epoch[32], bits[32];
};

/* A sidecar that lost its node may go on until it notices. Begin above all of its ids. */
static uint64_t
claim_floor(const struct coordinated *c, uint64_t stored_ms)
{
	uint64_t sidecar_ms = claim_now(c) + c->settings->ttl_ms + c->settings->drift_ms;

	if (c->tree.layout == TREE_LAYOUT_DATACENTERS)
		return stored_ms;
	return stored_ms > sidecar_ms ? stored_ms : sidecar_ms;
}

static uint64_t
claim_bound(const struct coordinated *c, uint64_t floor_ms)
{
	uint64_t now = claim_now(c);

	return (floor_ms > now ? floor_ms : now) + c->settings->ahead_ms;
}

/* Write or check a setting that all servers must share. */
static struct coordinator_step
claim_setting_step(const struct coordinated *c, const char *name, bool exists, uint64_t version,
		   const char *value)
{
	struct coordinator_step step = {.kind = exists ? STEP_CHECK : STEP_PUT,
					.condition = exists ? STEP_VERSION : STEP_ABSENT,
					.expected = version,
					.value = value};

	lease_tree_setting(&c->tree, name, step.path);
	return step;
}

static void
claim_write_values(struct coordinated *c, struct claim_values *values)
{
	struct text worker = TEXT_OVER(values->worker), bound = TEXT_OVER(values->bound);
	struct text epoch = TEXT_OVER(values->epoch), bits = TEXT_OVER(values->bits);
	struct lease_bound_note note = {.bound_ms = c->bound_ms,
					.epoch_ms = coordinated_epoch(c),
					.unix_ms = snowflake_unix_ms(c->settings->clock)};
	struct text instance = TEXT_OVER(note.instance);

	text_add(&instance, c->settings->instance);
	c->port = lease_port(c->settings);
	lease_note_worker(&worker, c->settings, c->port);
	lease_note_bound(&bound, &note);
	text_addf(&epoch, "%llu", (unsigned long long)coordinated_epoch(c));
	text_addf(&bits, "%u", c->settings->datacenter_bits);
}

/* Add a step that deletes the note that the worker id rests, if there is one. */
static enum lease_result
claim_add_wake_up(struct coordinated *c, uint64_t until_ms, struct coordinator_step *steps,
		  size_t *count, struct text *reason)
{
	struct coordinator_step step = coordinated_step(c, TREE_RETIRED, STEP_DELETE);
	struct coordinator_node node;
	enum coordinator_result result = c->kind->read(c->self, until_ms, step.path, &node, reason);

	if (result != COORDINATOR_OK)
		return coordinated_result(result);
	if (node.exists) {
		step.condition = STEP_VERSION;
		step.expected = node.version;
		steps[(*count)++] = step;
	}
	coordinator_node_free(&node);
	return LEASE_OK;
}

/* Try to claim CANDIDATE. LEASE_GONE: another server was faster, or the session has ended. */
static enum lease_result
claim_commit(struct coordinated *c, uint64_t until_ms, const struct claim_candidate *candidate,
	     struct text *reason)
{
	struct coordinator_step steps[COORDINATOR_MOST_STEPS];
	struct claim_values values;
	size_t count = 0;
	enum coordinator_result result;

	c->worker = candidate->worker;
	c->floor_ms = claim_floor(c, candidate->bound_ms);
	c->bound_ms = claim_bound(c, c->floor_ms);
	claim_write_values(c, &values);
	steps[count] = coordinated_step(c, TREE_WORKERS, STEP_PUT);
	steps[count].life = LIFE_OF_SESSION;
	steps[count++].value = values.worker;
	steps[count] = coordinated_step(c, TREE_BOUNDS, STEP_PUT);
	steps[count].condition = candidate->has_bound ? STEP_VERSION : STEP_ABSENT;
	steps[count].expected = candidate->bound_version;
	steps[count++].value = values.bound;
	if (c->tree.layout == TREE_LAYOUT_DATACENTERS) {
		enum lease_result read = claim_add_wake_up(c, until_ms, steps, &count, reason);

		if (read != LEASE_OK)
			return read;
		steps[count++] = claim_setting_step(c, "epoch", c->has_epoch_node, c->epoch_version,
						    values.epoch);
		steps[count++] = claim_setting_step(c, "datacenter_bits", c->has_bits_node,
						    c->bits_version, values.bits);
	}
	c->state = COORDINATED_PENDING;
	result = c->kind->commit(c->self, until_ms, steps, count, reason);
	if (result == COORDINATOR_UNKNOWN)
		return LEASE_UNKNOWN;
	c->state = result == COORDINATOR_OK ? COORDINATED_HELD : COORDINATED_NONE;
	c->worker_creation = steps[0].creation;
	c->bound_version = steps[1].version;
	c->is_unsure = false;
	if (result == COORDINATOR_GONE)
		c->has_session = false;
	return result == COORDINATOR_OK	       ? LEASE_OK
	       : result == COORDINATOR_REFUSED ? LEASE_REFUSED
					       : LEASE_GONE;
}

/* --- the claim ----------------------------------------------------------------------------------- */

/* Find out whether the last transaction became a claim. LEASE_GONE: it did not, and cannot any more. */
static enum lease_result
claim_settle(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	bool is_ours;
	enum lease_result result = coordinated_verify(c, until_ms, &is_ours, reason);

	if (result != LEASE_OK)
		return result;
	if (is_ours) {
		c->state = COORDINATED_HELD;
		return LEASE_OK;
	}
	coordinated_drop(c, until_ms);
	return LEASE_GONE;
}

static enum lease_result
claim_prepare(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	enum coordinator_result begun;

	if (!c->has_session) {
		begun = c->kind->begin(c->self, until_ms, reason);
		if (begun != COORDINATOR_OK)
			return coordinated_result(begun);
		c->has_session = true;
	}
	return coordinated_look(c, until_ms, reason);
}

/* Try once. LEASE_GONE: try again. *NEXT is the first untried worker id of the choice; 0: choose first. */
static enum lease_result
claim_try(struct coordinated *c, uint64_t until_ms, uint32_t *next, struct text *reason)
{
	struct claim_candidate candidate;
	enum lease_result result = claim_prepare(c, until_ms, reason);

	if (result == LEASE_OK)
		result = coordinated_read_shared(c, until_ms, reason);
	if (result == LEASE_OK && *next == 0)
		result = claim_choose(c, until_ms, reason);
	if (result == LEASE_OK)
		result = claim_pick(c, until_ms, *next, &candidate, reason);
	if (result != LEASE_OK)
		return result;
	c->choice.order[candidate.index] = c->choice.order[*next];
	c->choice.order[*next] = candidate.worker;
	++*next;
	result = claim_commit(c, until_ms, &candidate, reason);
	if (*next >= CLAIM_MOST_LOST || *next >= c->choice.count)
		*next = 0;
	return result;
}

enum lease_result
coordinated_claim(void *self, uint64_t until_ms, struct lease_claim *claim, struct text *reason)
{
	struct coordinated *c = self;
	enum lease_result result = LEASE_GONE;
	uint32_t next = 0;

	while (result == LEASE_GONE) {
		text_clear(reason);
		result = c->state == COORDINATED_PENDING ? claim_settle(c, until_ms, reason)
							 : claim_try(c, until_ms, &next, reason);
		if (result == LEASE_GONE && clock_ms() >= until_ms) {
			text_add(reason, "other servers claimed each worker id first");
			return LEASE_UNKNOWN;
		}
	}
	if (result != LEASE_OK)
		return result;
	highest_save(&c->highest);
	*claim = (struct lease_claim){
		.worker = c->worker,
		.floor_ms = c->floor_ms,
		.bound_ms = c->bound_ms,
		.shared = c->shared,
	};
	claim->shared.epoch_ms = coordinated_epoch(c);
	return LEASE_OK;
}
