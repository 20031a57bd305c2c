#include <stdlib.h>

#include "audit.h"
#include "audit_bucket.h"
#include "base/clock.h"
#include "base/memory.h"
#include "events/audit_keeper.h"
#include "events/sink_audit.h"

#define AUDIT_MEMBER_MS	 2000
#define AUDIT_FILE_BYTES (UINT64_C(256) << 20)

struct audit {
	const struct config *config;
	struct spool *spool;
	struct s3 *s3; /* NULL: files stay in the spool */
	struct audit_keeper *keeper;
	uint64_t (*epoch_ms)(void *arg); /* NULL: there are no Snowflake ids */
	void *epoch_arg;
};

bool
audit_check(const struct config *config, struct text *problem)
{
	return audit_bucket_check(config, problem);
}

struct audit *
audit_open(const struct config *config, struct text *problem)
{
	struct audit *audit;
	struct audit_bucket bucket;

	if (config->audit_dir[0] == '\0' || !audit_check(config, problem))
		return NULL;
	audit = xcalloc(1, sizeof(*audit));
	audit->config = config;
	audit->spool = spool_open(config->audit_dir, config->audit_most, problem);
	if (audit->spool == NULL) {
		free(audit);
		return NULL;
	}
	audit->s3 = audit_bucket_open(config, &bucket);
	audit->keeper = audit_keeper_new(audit->spool, audit->s3 != NULL ? &bucket : NULL);
	return audit;
}

void
audit_set_epoch(struct audit *audit, uint64_t (*epoch_ms)(void *arg), void *arg)
{
	audit->epoch_ms = epoch_ms;
	audit->epoch_arg = arg;
}

static bool
audit_uploads(void *keeper, struct text *problem)
{
	return audit_keeper_works(keeper, problem);
}

struct event_sink
audit_new_sink(struct audit *audit)
{
	const struct sink_audit_settings settings = {
		.spool = audit->spool,
		.is_required = audit->config->audit_required == 1,
		.maker = {.node = audit->config->databases[0].space.node_number},
		.epoch_ms = audit->epoch_ms,
		.epoch_arg = audit->epoch_arg,
		.member_ms = AUDIT_MEMBER_MS,
		.file_bytes = AUDIT_FILE_BYTES,
		.utc_ms = clock_utc_ms,
		.finished = audit_keeper_wake,
		.uploads = audit_uploads,
		.arg = audit->keeper,
	};

	return sink_audit_new(&settings);
}

bool
audit_start(struct audit *audit)
{
	return audit == NULL || audit_keeper_start(audit->keeper);
}

void
audit_stop(struct audit *audit, uint64_t deadline_ms)
{
	if (audit != NULL)
		audit_keeper_stop(audit->keeper, deadline_ms);
}

void
audit_free(struct audit *audit)
{
	if (audit == NULL)
		return;
	audit_keeper_free(audit->keeper);
	audit_bucket_close(audit->s3);
	spool_close(audit->spool);
	free(audit);
}
