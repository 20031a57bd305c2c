/*
 * shown -- what other threads see of a lease.
 *
 * The coordination thread writes it, and any thread reads it. The mutex is held for a few assignments only. It is
 * internal to the lease: other rooms call lease_state() and lease_wait_known().
 */
#ifndef TICKR_LEASE_SHOWN_H
#define TICKR_LEASE_SHOWN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "lease/lease.h"
#include "snowflake/generator.h"

struct lease_shown {
	pthread_mutex_t mutex;
	pthread_cond_t known;
	bool is_known; /* the first claim was answered */
	bool is_refused;
	bool is_stopping;
	bool is_unfit; /* held, but the clock is no good */
	enum lease_phase phase;
	uint32_t worker;
	uint64_t epoch_ms; /* UINT64_MAX: not known */
	uint64_t bound_ms;
	uint64_t expires_at_ms; /* by clock_ms(); UINT64_MAX: never */
	uint64_t claims;
	uint64_t stop_until_ms;
	char reason[LEASE_REASON_SIZE];
};

void shown_init(struct lease_shown *shown);
void shown_destroy(struct lease_shown *shown);

/* --- for the coordination thread ----------------------------------------------------------------- */

void shown_claim(struct lease_shown *shown, uint32_t worker);

/* The claim holds, with a bound that was confirmed. */
void shown_hold(struct lease_shown *shown, uint64_t epoch_ms, uint64_t bound_ms);

/* A claim or an extension failed. IS_HELD: ids are still issued under the confirmed bound. */
void shown_fail(struct lease_shown *shown, enum lease_result result, bool is_held,
		const char *reason);

void shown_expiry(struct lease_shown *shown, uint64_t expires_at_ms);

bool shown_is_stopping(struct lease_shown *shown) MUST_CHECK;

/* --- for the others ------------------------------------------------------------------------------ */

/* The coordination thread ends, until UNTIL_MS by clock_ms(). */
void shown_stop(struct lease_shown *shown, uint64_t until_ms);

/* Wait until the first claim is answered, MOST_MS at most. */
enum lease_start shown_wait(struct lease_shown *shown, uint64_t most_ms) MUST_CHECK;

/* Fill STATE, with VIEW of the generator, at UNIX_MS. */
void shown_read(struct lease_shown *shown, const struct snowflake_view *view, uint64_t unix_ms,
		struct lease_state *state);

#endif
