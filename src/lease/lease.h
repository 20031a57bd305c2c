/*
 * lease -- claims a worker id for the generator of Snowflake ids, and keeps it.
 *
 * One coordination thread does all of it. The id path never waits for that thread, and takes no lock of it.
 *
 *	WAITING ------- claimed ------> HELD -- told that it is gone ------> LOST -- claimed --> HELD
 *	   '-- another reason to wait     ^ '-- the bound is past, no answer --> LOST
 *					  '------- extended again --------------'
 *
 * A lease decides who may claim a worker id. It never decides whether an id is unique. The bound decides that:
 * "ids of this worker have an id-time at or below the bound". It is stored where the next holder can read it, and
 * written ahead. A claim begins above the stored bound, and the generator stops at the confirmed one.
 *
 * Id-time is in milliseconds since the epoch of the ids, Unix time in milliseconds since 1970.
 */
#ifndef TICKR_LEASE_LEASE_H
#define TICKR_LEASE_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/random.h"
#include "base/text.h"
#include "snowflake/generator.h"

#define LEASE_REASON_SIZE 512
#define LEASE_WORKER_AUTO UINT32_MAX

/* A host whose clock is further ahead of the coordinator's writes no bound, which would waste the worker id. */
#define LEASE_MOST_CLOCK_AHEAD_MS 10000

/* Settings that all servers of one tree share, as the coordinator has them. UINT64_MAX: it does not have this one. */
struct lease_shared {
	uint64_t epoch_ms;     /* Unix time */
	uint64_t max_sequence; /* 0 .. 4095 */
	uint64_t drift_ms;     /* the threshold */
};

#define LEASE_SHARED_UNKNOWN ((struct lease_shared){UINT64_MAX, UINT64_MAX, UINT64_MAX})

/* The wishes of the operator. Constant; all that it points to outlives the lease. */
struct lease_settings {
	/* UINT64_MAX: not set. Otherwise a coordinator with another epoch is refused. */
	uint64_t epoch_ms;
	uint64_t max_sequence; /* if the coordinator says nothing about it */
	uint64_t drift_ms;     /* the same */

	unsigned datacenter_bits; /* 0 .. 10 */
	uint32_t datacenter;
	uint32_t worker; /* or LEASE_WORKER_AUTO */

	uint64_t ahead_ms; /* how far the bound is written ahead: at least 1000 */
	uint64_t ttl_ms;   /* of the lease */
	uint64_t grace_ms; /* how long a retired worker id rests */

	const char *instance; /* random_id(): this run of this process */
	const char *hostname;
	const char *ip;
	const _Atomic unsigned *port; /* where it listens; 0, or a NULL: not known yet */
	const char *version;
	uint64_t started_at_ms; /* Unix time */
	const char *state_dir;	/* "": none */

	const struct snowflake_clock *clock;
	const void *driver_settings; /* of the driver's own */
};

enum lease_result {
	LEASE_OK, /* confirmed */
	LEASE_GONE, /* told so: the claim is another's, or its lease has ended. Never after a time-out */
	LEASE_UNKNOWN, /* no answer: it may have happened or not. Nothing is assumed */
	LEASE_NONE_FREE, /* a claim: all worker ids are held, or the wished one is. REASON names the holder */
	LEASE_CLOCK_AHEAD, /* this host's clock is too far ahead of the coordinator's. Nothing was written */
	LEASE_REFUSED /* the settings do not fit the coordinator, or it must not be trusted: 78 at the start */
};

/* The port of SETTINGS now. */
unsigned lease_port(const struct lease_settings *settings);

/* A claim that was confirmed. */
struct lease_claim {
	uint32_t worker;
	uint64_t floor_ms; /* the stored bound: ids up to here may have been issued; 0: none */
	uint64_t bound_ms; /* written by the claim */
	struct lease_shared shared;
};

/* Return the epoch of the ids. False, with REASON: the settings and the coordinator differ, or the clock is before it. */
bool lease_epoch(const struct lease_settings *settings, const struct lease_shared *shared,
		 uint64_t *epoch_ms, struct text *reason) MUST_CHECK;

/* News from lease_driver.tend(). */
struct lease_news {
	uint64_t
		expires_at_ms; /* by clock_ms(): when the lease ends without a renewal; UINT64_MAX: never */
	bool has_shared; /* SHARED was read again, and may have changed */
	struct lease_shared shared;
};

/*
 * The kind of a coordinator. SELF is called by the coordination thread only, except wake(). Every call but open()
 * and wake() may block. It ends soon after UNTIL_MS, by clock_ms(), or after wake(). REASON is for the
 * operator: it names the cause and what to do. It is set if the result is not LEASE_OK.
 */
struct lease_driver {
	bool has_clock; /* it compares the clock of this host with its own before it writes */

	/* Return the driver's state. It connects later. NULL, with REASON: the settings are wrong. */
	void *(*open)(const struct lease_settings *settings, struct text *reason);

	/* The value of TICKR_COORDINATOR that it is for. */
	const char *(*name)(void *self);

	/*
	 * Claim the wished worker id, or any that is free. Write max(stored bound, now + ahead) as its bound in the same
	 * transaction, which fails if another server has claimed it meanwhile. Prefer ids whose bound is below now. If an earlier claim
	 * ended as LEASE_UNKNOWN, find out first what became of it.
	 */
	enum lease_result (*claim)(void *self, uint64_t until_ms, struct lease_claim *claim,
				   struct text *reason);

	/*
	 * Raise the stored bound to BOUND_MS, compared with the holder's own revision. LEASE_OK: from now on ids up to
	 * it may be issued. After LEASE_UNKNOWN the caller calls again, perhaps with a higher bound, and the driver
	 * reads what happened before. It also shows the present port to other servers.
	 */
	enum lease_result (*extend)(void *self, uint64_t until_ms, uint64_t bound_ms,
				    struct text *reason);

	/*
	 * Keep the lease alive and watch the shared configuration until UNTIL_MS, or until there is news. Also called
	 * without a claim, to pass the time before the next one. LEASE_UNKNOWN: the coordinator does not answer now.
	 */
	enum lease_result (*tend)(void *self, uint64_t until_ms, struct lease_news *news,
				  struct text *reason);

	/*
	 * A clean end: lower the stored bound to USED_MS, the last millisecond used, and free the worker id. LAST_ID is
	 * the highest issued id. Nothing is issued any more. A failure leaves the bound higher, which is safe.
	 */
	enum lease_result (*retire)(void *self, uint64_t until_ms, uint64_t used_ms,
				    uint64_t last_id, struct text *reason);

	/* Let the call that blocks return soon. Any thread. */
	void (*wake)(void *self);

	void (*close)(void *self);
};

enum lease_phase {
	LEASE_WAITING, /* for the first claim */
	LEASE_HELD,
	LEASE_LOST, /* it was held before */
};

/* For /status, readiness and metrics. */
struct lease_state {
	enum lease_phase phase;
	bool gives;			/* ids are issued now: it is held, and the clock is good */
	uint32_t worker;		/* HELD, LOST */
	uint64_t epoch_ms;		/* UINT64_MAX: not known yet */
	uint64_t expires_in_ms;		/* UINT64_MAX: it never ends by itself, or none is held */
	uint64_t bound_in_ms;		/* until the confirmed bound */
	uint64_t claims;		/* since the start */
	char reason[LEASE_REASON_SIZE]; /* "" if it gives ids */
};

/* The coordination thread calls these. They must not block. */
struct lease_listener {
	void (*changed)(
		void *arg); /* a claim, an extension or a loss: requests that wait may try again */
	void (*drifted)(
		void *arg,
		uint64_t
			drift_ms); /* once, when the clock fell behind by more than the threshold */
	void *arg;
};

struct lease;

/* A word for answers and logs: "held". */
const char *lease_phase_name(enum lease_phase phase);

/*
 * Make a lease for GENERATOR, whose claims it makes and whose limit it raises. NULL, with REASON: the settings are
 * wrong (78). Main thread, as the functions below but lease_state().
 */
struct lease *lease_new(const struct lease_driver *driver, const struct lease_settings *settings,
			struct snowflake_generator *generator,
			const struct lease_listener *listener, struct text *reason) MUST_CHECK;

/* Start the coordination thread. False, with errno: the system cannot create one. */
bool lease_start(struct lease *lease) MUST_CHECK;

enum lease_start {
	LEASE_START_SERVES,  /* a worker id is held */
	LEASE_START_WAITS,   /* not yet: the server starts, and is not ready */
	LEASE_START_REFUSED, /* the reason is in the state: the server must not start */
};

/* Wait for the answer to the first claim, MOST_MS at most. */
enum lease_start lease_wait_known(struct lease *lease, uint64_t most_ms) MUST_CHECK;

/* The state now. Any thread. */
void lease_state(struct lease *lease, struct lease_state *state);

/* Issue nothing any more, retire the worker id, and end the thread. Until UNTIL_MS, by clock_ms(), at most. */
void lease_stop(struct lease *lease, uint64_t until_ms);

void lease_free(struct lease *lease); /* NULL is allowed */

#endif
