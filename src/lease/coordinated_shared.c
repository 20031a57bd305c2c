#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "lease/coordinated.h"

/* Set *VALUE to the number of the setting NAME, up to MOST, or to UINT64_MAX. *VERSION is the node's. */
static enum coordinator_result
shared_read_number(struct coordinated *c, uint64_t until_ms, const char *name, uint64_t most,
		   uint64_t *value, struct coordinator_node *node, struct text *reason)
{
	char path[TREE_PATH_SIZE];
	enum coordinator_result result;

	*value = UINT64_MAX;
	lease_tree_setting(&c->tree, name, path);
	result = c->kind->read(c->self, until_ms, path, node, reason);
	if (result != COORDINATOR_OK || !node->exists)
		return result;
	if (node->value[0] == '\0' ||
	    !parse_number(node->value, strlen(node->value), most, value)) {
		log_warn("shared setting ignored", LOG_TEXT("key", path),
			 LOG_TEXT("value", node->value),
			 LOG_TEXT("reason", "it is not a number in its range"));
		*value = UINT64_MAX;
	}
	coordinator_node_free(node);
	return COORDINATOR_OK;
}

static enum coordinator_result
shared_read_all(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	struct coordinator_node epoch, bits, other;
	struct lease_shared shared = LEASE_SHARED_UNKNOWN;
	uint64_t datacenter_bits;
	enum coordinator_result result;

	result = shared_read_number(c, until_ms, "epoch", INT64_MAX, &shared.epoch_ms, &epoch,
				    reason);
	if (result == COORDINATOR_OK)
		result = shared_read_number(c, until_ms, "datacenter_bits", SNOWFLAKE_NODE_BITS,
					    &datacenter_bits, &bits, reason);
	if (result == COORDINATOR_OK)
		result = shared_read_number(c, until_ms, "max_sequence", SNOWFLAKE_MOST_PER_MS - 1,
					    &shared.max_sequence, &other, reason);
	if (result == COORDINATOR_OK)
		result = shared_read_number(c, until_ms, "clock_drift_threshold", 60000,
					    &shared.drift_ms, &other, reason);
	if (result != COORDINATOR_OK)
		return result;
	c->shared = shared;
	c->datacenter_bits = datacenter_bits;
	c->has_epoch_node = epoch.exists;
	c->epoch_version = epoch.version;
	c->has_bits_node = bits.exists;
	c->bits_version = bits.version;
	c->read_again_at_ms =
		clock_ms() + COORDINATED_CACHE_MS * 9 / 10 +
		(c->seed = c->seed * 6364136223846793005ull + 1) % (COORDINATED_CACHE_MS / 5);
	return COORDINATOR_OK;
}

/* Refuse a setting that all servers of one tree must share. */
static enum lease_result
shared_refuse(struct text *reason, const char *setting, uint64_t ours, const char *key,
	      uint64_t theirs)
{
	text_addf(reason,
		  "%s is %llu, but the coordinator has %s %llu: set the same value, "
		  "or use another TICKR_COORDINATOR_PREFIX",
		  setting, (unsigned long long)ours, key, (unsigned long long)theirs);
	return LEASE_REFUSED;
}

static enum lease_result
shared_check(const struct coordinated *c, struct text *reason)
{
	if ((c->has_epoch_node && c->shared.epoch_ms == UINT64_MAX) ||
	    (c->has_bits_node && c->datacenter_bits == UINT64_MAX)) {
		text_addf(reason,
			  "the coordinator's %s/config/epoch or datacenter_bits is not a number: "
			  "repair it",
			  c->tree.prefix);
		return LEASE_REFUSED;
	}
	if (c->has_epoch_node && c->settings->epoch_ms != UINT64_MAX &&
	    c->settings->epoch_ms != c->shared.epoch_ms)
		return shared_refuse(reason, "TICKR_SNOWFLAKE_EPOCH", c->settings->epoch_ms,
				     "config/epoch", c->shared.epoch_ms);
	if (c->has_bits_node && c->datacenter_bits != c->settings->datacenter_bits)
		return shared_refuse(reason, "TICKR_SNOWFLAKE_DATACENTER_BITS",
				     c->settings->datacenter_bits, "config/datacenter_bits",
				     c->datacenter_bits);
	return LEASE_OK;
}

enum lease_result
coordinated_read_shared(struct coordinated *c, uint64_t until_ms, struct text *reason)
{
	enum coordinator_result result;

	if (c->tree.layout == TREE_LAYOUT_NODES)
		return LEASE_OK;
	result = shared_read_all(c, until_ms, reason);
	return result == COORDINATOR_OK ? shared_check(c, reason) : coordinated_result(result);
}

uint64_t
coordinated_epoch(const struct coordinated *c)
{
	if (c->shared.epoch_ms != UINT64_MAX)
		return c->shared.epoch_ms;
	return c->settings->epoch_ms != UINT64_MAX ? c->settings->epoch_ms : SNOWFLAKE_EPOCH_MS;
}
