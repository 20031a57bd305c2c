/*
 * record -- one event, of a fixed size. Pure; any thread.
 *
 * A request that issued ids or failed is an event. So are rare events of the server: a clock drifted, a database
 * changed its state, or a counter went back in time. A record holds copies of all its texts, so nothing that it
 * was made of must outlive the call.
 */
#ifndef TICKR_EVENTS_RECORD_H
#define TICKR_EVENTS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct event_wait;

#define EVENT_RECORD_SIZE  512 /* bytes of a record */
#define EVENT_ADDRESS_SIZE 16  /* bytes of an address */

enum event_kind {
	EVENT_REQUEST,	/* a request for ids was answered */
	EVENT_DRIFT,	/* the clock of a Snowflake generator drifted: it is behind, or ahead */
	EVENT_OVERFLOW, /* all Snowflake ids of a millisecond were used, so requests waited */
	EVENT_BREAKER,	/* a database changed between up, down, refused and draining */
	EVENT_REFUSAL,	/* a database went back in time, and is refused */
	EVENT_KINDS
};

/* The texts of a record, each cut to the bytes of event_text_most(). */
enum event_text {
	EVENT_STORE,	  /* the store or the database: "" is the server's only one */
	EVENT_SEQUENCE,	  /* the named sequence; "": the Tickr sequence, or Snowflake ids */
	EVENT_REQUEST_ID, /* X-Request-Id; "": none */
	EVENT_AGENT,	  /* the client's User-Agent; "": none */
	EVENT_WORDS, /* why a request failed; of other events: the new state, or the reaction */
	EVENT_TEXTS
};

enum event_protocol { EVENT_HTTP, EVENT_GRPC };

/* EVENT_REQUEST. Its ids are FIRST, FIRST + INCREMENT, ...; COUNT 0: it issued none. */
struct event_ids {
	uint64_t first;
	uint64_t increment;
	uint32_t count;
	uint32_t latency_us; /* from the complete request to its answer */
	uint32_t queue_us;   /* of this, until a session began to work on it */
	uint16_t status;     /* of HTTP, for all protocols: 200 is a success */
	uint8_t protocol;    /* an enum event_protocol */
	bool is_scrambled; /* FIRST and INCREMENT are numbers of the sequence, and the ids are permuted */
};

/* EVENT_DRIFT. Times are milliseconds since 1970. */
struct event_drift {
	int64_t drift_ms;   /* below 0: the clock is behind */
	uint64_t system_ms; /* the time that the clock showed */
	uint64_t true_ms;   /* the time that was expected; 0: not known */
};

/* EVENT_OVERFLOW. */
struct event_overflow {
	uint32_t count;	  /* how often, in about a second */
	uint32_t wait_ms; /* of all these times together */
	uint32_t most_ms; /* the longest wait */
	uint32_t queued;  /* the most requests that waited at the same time */
	float load;	  /* ids in answers: 1 is all that the format allows in that time */
};

/* Only record.c uses LENS and TEXT. */
struct event_record {
	uint64_t time_ms; /* since 1970, UTC */
	struct event_wait
		*wait;	 /* ring.h has it: the answer that waits for this record; NULL: none */
	uint8_t kind;	 /* an enum event_kind */
	bool has_worker; /* the ids are Snowflake ids of this datacenter and worker */
	uint16_t datacenter;
	uint16_t worker;
	uint32_t node;
	uint8_t address
		[EVENT_ADDRESS_SIZE]; /* of the client: IPv6, or ::ffff:a.b.c.d; ::, if unknown */
	union {
		struct event_ids ids;
		struct event_drift drift;
		struct event_overflow overflow;
	};
	uint8_t lens[EVENT_TEXTS];
	char text[EVENT_RECORD_SIZE - 80 - EVENT_TEXTS]; /* the texts, one after another */
};

_Static_assert(sizeof(struct event_record) == EVENT_RECORD_SIZE, "a record has this size");

/* Make RECORD an event of KIND at TIME_MS. All other fields become 0, and all texts empty. */
void event_record_begin(struct event_record *record, enum event_kind kind, uint64_t time_ms);

/*
 * Set a text to the LEN bytes at BYTES, cut to event_text_most(WHICH) bytes at the end of a letter. Set the
 * texts in the order of enum event_text, each once at most.
 */
void event_record_set(struct event_record *record, enum event_text which, const char *bytes,
		      size_t len);

/* Return a text, and its length in *LEN. No NUL ends it. It lives as long as RECORD. */
const char *event_record_text(const struct event_record *record, enum event_text which,
			      size_t *len);

/* Return the most bytes that a record keeps of a text. */
size_t event_text_most(enum event_text which) MUST_CHECK;

/* Return the word of KIND for logs and files, such as "request". */
const char *event_kind_name(enum event_kind kind);

/* The last id, or the first if COUNT is 0. The ids do not pass 2^64. */
uint64_t event_ids_last(const struct event_ids *ids) MUST_CHECK;

#endif
