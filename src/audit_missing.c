/* In place of audit.c: this tickrd was built without zlib. */
#include <stdlib.h>

#include "audit.h"

bool
audit_check(const struct config *config, struct text *problem)
{
	if (config->audit_dir[0] == '\0')
		return true;
	text_add(problem,
		 "TICKR_AUDIT_DIR: this tickrd was built without zlib, so it has no audit: "
		 "build it with zlib, or remove the variable");
	return false;
}

struct audit *
audit_open(const struct config *config, struct text *problem)
{
	(void)!audit_check(config, problem);
	return NULL;
}

void
audit_set_epoch(struct audit *audit, uint64_t (*epoch_ms)(void *arg), void *arg)
{
	(void)audit;
	(void)epoch_ms;
	(void)arg;
}

struct event_sink
audit_new_sink(struct audit *audit)
{
	(void)audit;
	abort(); /* there is no audit */
}

bool
audit_start(struct audit *audit)
{
	(void)audit;
	return true;
}

void
audit_stop(struct audit *audit, uint64_t deadline_ms)
{
	(void)audit;
	(void)deadline_ms;
}

void
audit_free(struct audit *audit)
{
	(void)audit;
}
