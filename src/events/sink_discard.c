#include "events/sink_discard.h"

static bool
sink_discard_write(void *self, const struct event_record *const *records, size_t count)
{
	(void)self;
	(void)records;
	(void)count;
	return true;
}

static void
sink_discard_free(void *self)
{
	(void)self;
}

static const struct event_sink_type sink_discard_type = {
	.name = "discard",
	.write = sink_discard_write,
	.free = sink_discard_free,
};

struct event_sink
sink_discard_sink(bool is_required)
{
	return (struct event_sink){&sink_discard_type, NULL, is_required};
}
