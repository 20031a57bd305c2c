#include "ahead.h"
#include "base/log.h"
#include "loop/loop.h"
#include "metrics/metrics.h"

#define FILL_EVERY_MS 100

static void
ahead_on_fill(evutil_socket_t fd, short what, void *arg)
{
	struct ahead *ahead = arg;

	(void)fd;
	(void)what;
	segment_fill(ahead->segment);
	loop_event_in(ahead->fill, FILL_EVERY_MS);
}

void
ahead_init(struct ahead *ahead, const struct config *config, struct dispatch *dispatch,
	   struct event_base *base)
{
	struct segment_settings settings = {
		.ahead_ms = config->reserve_ahead_ms,
		.least = config->reserve_ahead_min,
		.most = config->reserve_ahead_max,
		.pool_timeout_ms = config->pool_timeout_ms,
		.outage_ms = config->reserve_ahead_outage_ms,
		.source = dispatch_source(dispatch),
	};

	ahead->dispatch = dispatch;
	if (config->reserve_ahead_ms == 0)
		return;
	ahead->segment = segment_new(&settings);
	ahead->fill = loop_event_new(base, -1, 0, ahead_on_fill, ahead);
}

void
ahead_start(struct ahead *ahead)
{
	if (ahead->segment != NULL)
		ahead_on_fill(-1, 0, ahead);
}

struct source
ahead_source(const struct ahead *ahead)
{
	return ahead->segment != NULL ? segment_source(ahead->segment)
				      : dispatch_source(ahead->dispatch);
}

void
ahead_note(void *arg, const struct ticket_space *space, bool is_trusted)
{
	struct ahead *ahead = arg;

	if (ahead->segment != NULL)
		segment_note(ahead->segment, space, is_trusted);
}

void
ahead_update_metrics(const struct ahead *ahead)
{
	if (ahead->segment == NULL)
		return;
	metrics_set_reserved(segment_held(ahead->segment), segment_lasts_ms(ahead->segment));
}

void
ahead_stop(struct ahead *ahead)
{
	if (ahead->segment != NULL)
		segment_stop(ahead->segment);
}

void
ahead_settle(struct ahead *ahead)
{
	struct ticket_piece piece;
	uint64_t given_back = 0, gap = 0;

	if (ahead->segment == NULL)
		return;
	while (segment_take_rest(ahead->segment, &piece)) {
		if (dispatch_give_back(ahead->dispatch, piece.space, &piece.bases))
			given_back += piece.bases.count;
		else
			gap += piece.bases.count;
	}
	log_info("tickets reserved ahead were left over", LOG_NUMBER("gap", gap),
		 LOG_NUMBER("given_back", given_back));
}

void
ahead_free(struct ahead *ahead)
{
	if (ahead->segment == NULL)
		return;
	event_free(ahead->fill);
	segment_free(ahead->segment);
}
