#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "lease/coordinated.h"
#include "lease/note.h"
#include "snowflake/clock.h"

void
coordinator_node_free(struct coordinator_node *node)
{
	free(node->value);
	node->value = NULL;
}

/* --- the life of the driver ---------------------------------------------------------------------- */

static bool
coordinated_fits(const struct lease_settings *settings, const struct coordinator_settings *own,
		 struct text *reason)
{
	size_t len = strlen(own->prefix);

	if (len == 0 || len > TREE_PREFIX_MOST || own->prefix[len - 1] == '/')
		text_addf(reason,
			  "TICKR_COORDINATOR_PREFIX is \"%s\": set 1 to %d bytes, without / at the "
			  "end",
			  own->prefix, TREE_PREFIX_MOST);
	else if (own->layout == TREE_LAYOUT_NODES && settings->epoch_ms == UINT64_MAX)
		text_add(reason, "TICKR_COORDINATOR_LAYOUT=nodes needs TICKR_SNOWFLAKE_EPOCH: "
				 "set the epoch that the other generators use");
	else if (own->layout == TREE_LAYOUT_NODES && settings->datacenter_bits != 0)
		text_add(reason, "TICKR_COORDINATOR_LAYOUT=nodes has no datacenters: "
				 "unset TICKR_SNOWFLAKE_DATACENTER_BITS");
	return reason->len == 0;
}

static void *
coordinated_open(const struct lease_settings *settings, struct text *reason)
{
	const struct coordinator_settings *own = settings->driver_settings;
	const struct coordinator_kind *kind = own->kind;
	struct coordinated *c;
	struct text prefix;

	if (!coordinated_fits(settings, own, reason))
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->kind = kind;
	c->settings = settings;
	prefix = TEXT_OVER(c->prefix);
	if (kind->has_rooted_paths && own->prefix[0] != '/')
		text_add(&prefix, "/");
	text_add(&prefix, own->prefix);
	c->tree = (struct lease_tree){.prefix = c->prefix,
				      .layout = own->layout,
				      .datacenter = settings->datacenter,
				      .workers = snowflake_workers(settings->datacenter_bits)};
	c->shared = LEASE_SHARED_UNKNOWN;
	c->datacenter_bits = UINT64_MAX;
	if (!random_bytes(&c->seed, sizeof(c->seed)))
		c->seed = clock_us();
	if (highest_open(&c->highest, settings->state_dir, kind->name, reason))
		c->self = kind->open(own, reason);
	if (c->self != NULL)
		return c;
	free(c);
	return NULL;
}

static const char *
coordinated_name(void *self)
{
	struct coordinated *c = self;

	return c->kind->name;
}

static void
coordinated_wake(void *self)
{
	struct coordinated *c = self;

	c->kind->wake(c->self);
}

static void
coordinated_close(void *self)
{
	struct coordinated *c = self;

	highest_save(&c->highest);
	c->kind->close(c->self);
	free(c);
}

/* --- parts of several calls ---------------------------------------------------------------------- */

enum lease_result
coordinated_result(enum coordinator_result result)
{
	assert(result != COORDINATOR_FAILED);
	return result == COORDINATOR_OK	       ? LEASE_OK
	       : result == COORDINATOR_REFUSED ? LEASE_REFUSED
					       : LEASE_UNKNOWN;
}

struct coordinator_step
coordinated_step(const struct coordinated *c, enum tree_folder folder, enum step_kind kind)
{
	struct coordinator_step step = {.kind = kind, .condition = STEP_ABSENT};

	lease_tree_worker(&c->tree, folder, c->worker, step.path);
	return step;
}

enum lease_result
coordinated_look(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	uint64_t before_ms = snowflake_unix_ms(c->settings->clock);
	struct coordinator_now now;
	enum coordinator_result result = c->kind->look(c->self, until_ms, c->prefix, &now, reason);

	if (result != COORDINATOR_OK)
		return coordinated_result(result);
	c->has_gone_back = !highest_note(&c->highest, now.revision, reason);
	if (c->has_gone_back)
		return LEASE_REFUSED;
	if (before_ms > now.unix_ms + now.resolution_ms + LEASE_MOST_CLOCK_AHEAD_MS) {
		text_addf(reason,
			  "the clock of this host is %llu s ahead of the coordinator's: set the "
			  "clock",
			  (unsigned long long)((before_ms - now.unix_ms) / 1000));
		return LEASE_CLOCK_AHEAD;
	}
	return LEASE_OK;
}

/* Whether the note VALUE names this instance as its author. */
static bool
coordinated_is_ours(const struct coordinated *c, const struct coordinator_node *node)
{
	char instance[NOTE_MEMBER_SIZE];

	return node->exists &&
	       lease_note_member(node->value, "instance", instance, sizeof(instance)) &&
	       strcmp(instance, c->settings->instance) == 0;
}

enum lease_result
coordinated_verify(struct coordinated *c, uint64_t until_ms, bool *is_ours, struct text *reason)
{
	struct coordinator_node worker, bound;
	struct lease_bound_note note;
	char path[TREE_PATH_SIZE];
	enum coordinator_result result;

	lease_tree_worker(&c->tree, TREE_WORKERS, c->worker, path);
	result = c->kind->read(c->self, until_ms, path, &worker, reason);
	if (result != COORDINATOR_OK)
		return coordinated_result(result);
	lease_tree_worker(&c->tree, TREE_BOUNDS, c->worker, path);
	result = c->kind->read(c->self, until_ms, path, &bound, reason);
	if (result != COORDINATOR_OK) {
		coordinator_node_free(&worker);
		return coordinated_result(result);
	}
	*is_ours = coordinated_is_ours(c, &worker) && coordinated_is_ours(c, &bound) &&
		   (c->state != COORDINATED_HELD || worker.creation == c->worker_creation) &&
		   lease_note_read_bound(bound.value, &note);
	if (*is_ours) {
		c->worker_creation = worker.creation;
		c->bound_version = bound.version;
		c->bound_ms = note.bound_ms;
		c->is_unsure = false;
	} else
		text_addf(reason, "worker id %u is no longer this server's", c->worker);
	coordinator_node_free(&worker);
	coordinator_node_free(&bound);
	return LEASE_OK;
}

void
coordinated_drop(struct coordinated *c, uint64_t until_ms)
{
	c->kind->end(c->self, until_ms);
	c->has_session = false;
	c->state = COORDINATED_NONE;
}

/* --- extending ----------------------------------------------------------------------------------- */

/* Write the bound of this server, of which no id is above it. */
static enum coordinator_result
coordinated_put_bound(struct coordinated *c, uint64_t until_ms, uint64_t bound_ms,
		      struct coordinator_step *more, size_t more_count, struct text *reason)
{
	struct coordinator_step steps[COORDINATOR_MOST_STEPS];
	struct lease_bound_note note = {.bound_ms = bound_ms,
					.epoch_ms = coordinated_epoch(c),
					.unix_ms = snowflake_unix_ms(c->settings->clock)};
	struct text instance = TEXT_OVER(note.instance);
	char value[NOTE_SIZE], worker_value[NOTE_SIZE];
	struct text text = TEXT_OVER(value), worker = TEXT_OVER(worker_value);
	enum coordinator_result result;
	unsigned port = lease_port(c->settings);
	size_t count = 0;

	lease_note_worker(&worker, c->settings, port);
	text_add(&instance, c->settings->instance);
	lease_note_bound(&text, &note);
	if (more_count == 0) {
		steps[count] =
			coordinated_step(c, TREE_WORKERS, port == c->port ? STEP_CHECK : STEP_PUT);
		steps[count].condition = STEP_CREATION;
		steps[count].life = LIFE_OF_SESSION;
		steps[count].value = worker_value;
		steps[count++].expected = c->worker_creation;
	}
	steps[count] = coordinated_step(c, TREE_BOUNDS, STEP_PUT);
	steps[count].condition = STEP_VERSION;
	steps[count].expected = c->bound_version;
	steps[count++].value = value;
	for (size_t i = 0; i < more_count; i++)
		steps[count++] = more[i];
	result = c->kind->commit(c->self, until_ms, steps, count, reason);
	if (result == COORDINATOR_OK) {
		c->bound_version = steps[more_count == 0 ? 1 : 0].version;
		c->bound_ms = bound_ms;
		c->port = port;
	}
	return result;
}

static enum lease_result
coordinated_lose(struct coordinated *c, uint64_t until_ms)
{
	coordinated_drop(c, until_ms);
	return LEASE_GONE;
}

/* Try once. LEASE_NONE_FREE: a condition did not hold, so read the nodes and try again. */
static enum lease_result
coordinated_try_extend(struct coordinated *c, uint64_t until_ms, uint64_t bound_ms,
		       struct text *reason)
{
	enum coordinator_result result;

	/* A late attempt may have stored a higher bound. Never lower it. */
	if (bound_ms < c->bound_ms)
		bound_ms = c->bound_ms;
	result = coordinated_put_bound(c, until_ms, bound_ms, NULL, 0, reason);
	switch (result) {
	case COORDINATOR_OK: return LEASE_OK;
	case COORDINATOR_FAILED: return LEASE_NONE_FREE;
	case COORDINATOR_GONE: return coordinated_lose(c, until_ms);
	case COORDINATOR_UNKNOWN:
	case COORDINATOR_REFUSED: break;
	}
	c->is_unsure = true;
	return LEASE_UNKNOWN;
}

/* Read what became of an extension without an answer, or that failed. */
static enum lease_result
coordinated_settle(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	bool is_ours;
	enum lease_result result = coordinated_verify(c, until_ms, &is_ours, reason);

	if (result == LEASE_OK && !is_ours)
		return coordinated_lose(c, until_ms);
	return result == LEASE_REFUSED ? LEASE_UNKNOWN : result;
}

static enum lease_result
coordinated_extend(void *self, uint64_t until_ms, uint64_t bound_ms, struct text *reason)
{
	struct coordinated *c = self;
	enum lease_result result = coordinated_look(c, until_ms, reason);

	assert(c->state == COORDINATED_HELD);
	if (c->has_gone_back)
		return coordinated_lose(c, until_ms);
	if (result != LEASE_OK)
		return result == LEASE_REFUSED ? LEASE_UNKNOWN : result;
	if (c->is_unsure) {
		result = coordinated_settle(c, until_ms, reason);
		if (result != LEASE_OK)
			return result;
	}
	result = coordinated_try_extend(c, until_ms, bound_ms, reason);
	if (result == LEASE_NONE_FREE) {
		result = coordinated_settle(c, until_ms, reason);
		if (result == LEASE_OK)
			result = coordinated_try_extend(c, until_ms, bound_ms, reason);
		if (result == LEASE_NONE_FREE)
			result = LEASE_UNKNOWN;
	}
	if (result == LEASE_OK)
		highest_save(&c->highest);
	return result;
}

/* --- tending ------------------------------------------------------------------------------------- */

static bool
coordinated_is_due(const struct coordinated *c)
{
	return c->tree.layout == TREE_LAYOUT_DATACENTERS && clock_ms() >= c->read_again_at_ms;
}

static enum lease_result
coordinated_refresh(struct coordinated *c, uint64_t until_ms, struct lease_news *news,
		    struct text *reason)
{
	enum lease_result result = coordinated_read_shared(c, until_ms, reason);

	/* Values that do not fit are news too: the caller ignores a new epoch, and says so. */
	if (result == LEASE_OK || result == LEASE_REFUSED) {
		news->has_shared = true;
		news->shared = c->shared;
		result = LEASE_OK;
	} else
		c->read_again_at_ms = clock_ms() + COORDINATED_CACHE_MS / 10;
	return result;
}

static enum lease_result
coordinated_tend(void *self, uint64_t until_ms, struct lease_news *news, struct text *reason)
{
	struct coordinated *c = self;
	bool is_watching =
		c->tree.layout == TREE_LAYOUT_DATACENTERS && c->state == COORDINATED_HELD;
	char folder[TREE_PATH_SIZE];
	bool has_changed = false;
	enum coordinator_result waited;
	enum lease_result result = LEASE_OK;
	uint64_t wait_until_ms = until_ms;

	*news = (struct lease_news){.expires_at_ms = UINT64_MAX};
	lease_tree_folder(&c->tree, TREE_CONFIG, folder);
	if (is_watching && c->read_again_at_ms < until_ms)
		wait_until_ms = c->read_again_at_ms;
	waited = c->kind->wait(c->self, wait_until_ms, is_watching ? folder : NULL, &has_changed,
			       reason);
	if (waited == COORDINATOR_GONE) {
		if (c->state == COORDINATED_HELD)
			return coordinated_lose(c, until_ms);
		c->has_session = false;
		waited = COORDINATOR_OK;
	}
	if (waited == COORDINATOR_OK && is_watching && (has_changed || coordinated_is_due(c)))
		result =
			coordinated_refresh(c, clock_ms() + c->settings->ttl_ms / 10, news, reason);
	news->expires_at_ms = c->kind->expires_at_ms(c->self);
	return waited == COORDINATOR_OK ? result : LEASE_UNKNOWN;
}

/* --- retiring ------------------------------------------------------------------------------------ */

static enum coordinator_result
coordinated_try_retire(struct coordinated *c, uint64_t until_ms, uint64_t used_ms, uint64_t last_id,
		       struct text *reason)
{
	struct lease_retired_note note = {.retired_at_ms = snowflake_unix_ms(c->settings->clock),
					  .last_id = last_id};
	struct coordinator_step more[2];
	char value[NOTE_SIZE];
	struct text text = TEXT_OVER(value), host = TEXT_OVER(note.hostname);
	size_t count = 0;

	note.reuse_after_ms = note.retired_at_ms + c->settings->grace_ms;
	text_add(&host, c->settings->hostname);
	lease_note_retired(&text, &note);
	more[count] = coordinated_step(c, TREE_WORKERS, STEP_DELETE);
	more[count].condition = STEP_CREATION;
	more[count++].expected = c->worker_creation;
	if (c->tree.layout == TREE_LAYOUT_DATACENTERS && c->settings->grace_ms > 0) {
		more[count] = coordinated_step(c, TREE_RETIRED, STEP_PUT);
		more[count].life = LIFE_OF_REST;
		more[count].life_ms = c->settings->grace_ms;
		more[count++].value = value;
	}
	return coordinated_put_bound(c, until_ms, used_ms, more, count, reason);
}

static enum lease_result
coordinated_retire(void *self, uint64_t until_ms, uint64_t used_ms, uint64_t last_id,
		   struct text *reason)
{
	struct coordinated *c = self;
	enum coordinator_result result;
	enum lease_result settled = LEASE_OK;

	if (c->state != COORDINATED_HELD) {
		coordinated_drop(c, until_ms);
		return LEASE_OK;
	}
	if (c->is_unsure)
		settled = coordinated_settle(c, until_ms, reason);
	if (settled != LEASE_OK)
		return settled;
	result = coordinated_try_retire(c, until_ms, used_ms, last_id, reason);
	if (result == COORDINATOR_FAILED) {
		settled = coordinated_settle(c, until_ms, reason);
		if (settled != LEASE_OK)
			return settled;
		result = coordinated_try_retire(c, until_ms, used_ms, last_id, reason);
	}
	coordinated_drop(c, until_ms);
	return result == COORDINATOR_OK ? LEASE_OK : LEASE_UNKNOWN;
}

const struct lease_driver lease_coordinated = {
	.has_clock = true,
	.open = coordinated_open,
	.name = coordinated_name,
	.claim = coordinated_claim,
	.extend = coordinated_extend,
	.tend = coordinated_tend,
	.retire = coordinated_retire,
	.wake = coordinated_wake,
	.close = coordinated_close,
};
