/*
 * named -- joins the rooms of the named sequences: the directory, the held numbers, and the dispatcher of their pools.
 *
 * Main thread, unless a function says otherwise. With TICKR_SEQUENCES=none there are none, and has_sequences is
 * false. Then only named_free() may be called.
 */
#ifndef TICKR_NAMED_H
#define TICKR_NAMED_H

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "config/config.h"
#include "directory/directory.h"
#include "dispatch/dispatch.h"
#include "front/front.h"
#include "front/stores.h"
#include "held/held.h"
#include "loop/mailbox.h"

struct named_settings {
	const char *store;  /* its name, for clients; it outlives the workers */
	const char *prefix; /* of the names of its sequences, see front/rewrite.h */
	enum front_names names;
	uint32_t most;	     /* sequences that are not retired */
	uint32_t per_second; /* new ones */
	size_t databases;
	uint64_t pool_timeout_ms;
	const unsigned char *scramble_key; /* SCRAMBLE_KEY_SIZE bytes; NULL: none */
	struct event_base *base;
	struct mailbox *mailbox; /* of the main thread */
};

/*
 * Return the settings that all stores of CONFIG have in common: limits, time-outs, the key, and BASE and MAILBOX of the
 * main thread. The caller sets store, prefix, names and databases.
 */
struct named_settings named_settings_of(const struct config *config, struct event_base *base,
					struct mailbox *mailbox) MUST_CHECK;

struct census;

struct named {
	bool has_sequences;
	struct named_settings settings;
	struct dispatch *dispatch; /* of the pools of named sequences; the daemon's */
	struct directory *directory;
	struct held *held;
	struct source strong, weak; /* of numbers, for the fronts of the workers */
	struct event *fill;
	uint64_t next_rank_ms; /* when to rank the sequences again */
	/* The parts of the metrics, which are sums over all stores, that are of this store: */
	uint64_t abandoned; /* numbers that were held */
	uint64_t known, ahead;
	struct census *census;	/* NULL: no names are being read */
	_Atomic bool is_closed; /* ids wait until the keys of biggerThan were raised */
};

/* Prepare NAMED, which is zeroed, over DISPATCH. Its threads must not run yet. False: the system has no random bytes. */
bool named_init(struct named *named, const struct named_settings *settings,
		struct dispatch *dispatch) MUST_CHECK;

/* Hold numbers ahead, and read all names, from now on. The dispatcher has been started. */
void named_start(struct named *named);

/* Add this store to STORES, with a front for the loop of ALLOCATOR. The caller frees the front. */
void named_add_store(struct named *named, struct allocator *allocator, struct front_stores *stores);

/* Any thread: a pool's listener. ARG is a struct named. */
void named_note(void *arg, const struct ticket_space *space, bool is_trusted);

/* Any thread: a pool's policies. ARG is a struct named. */
bool named_policy_changed(void *arg, struct sequence *sequence, uint32_t seen,
			  const struct sequence_policy *policy, struct text *reason) MUST_CHECK;

/* Fetch nothing any more. No worker runs. */
void named_stop(struct named *named);

/* After the dispatcher has stopped. */
void named_free(struct named *named);

#endif
