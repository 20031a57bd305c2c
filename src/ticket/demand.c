#include "ticket/demand.h"

#define WINDOW_MS 100
#define FALL	  8 /* the rate falls by an eighth of the difference in each window */
#define FORGET_MS 3000

static void
demand_fall_to(struct demand *demand, uint64_t rate, uint64_t elapsed_ms)
{
	if (elapsed_ms >= FORGET_MS)
		demand->rate = rate;
	for (; elapsed_ms >= WINDOW_MS && demand->rate > rate; elapsed_ms -= WINDOW_MS)
		demand->rate -= (demand->rate - rate + FALL - 1) / FALL;
}

/* End the window if its time is over. */
static void
demand_end_window(struct demand *demand, uint64_t now_ms)
{
	uint64_t elapsed_ms, rate;

	if (now_ms < demand->began_ms + WINDOW_MS)
		return;
	elapsed_ms = now_ms - demand->began_ms;
	rate = demand->used * 1000 / elapsed_ms;
	if (rate > demand->rate)
		demand->rate = rate;
	else
		demand_fall_to(demand, rate, elapsed_ms);
	demand->began_ms = now_ms;
	demand->used = 0;
}

void
demand_note(struct demand *demand, uint64_t count, uint64_t now_ms)
{
	demand_end_window(demand, now_ms);
	demand->used += count;
}

uint64_t
demand_rate(struct demand *demand, uint64_t now_ms)
{
	demand_end_window(demand, now_ms);
	return demand->rate;
}
