/*
 * recorder -- makes the records of requests for ids, for all protocols. Loop thread, one for each loop.
 *
 *	protocol: the answer is complete -> event_recorder_write() -> the ring
 */
#ifndef TICKR_EVENTS_RECORDER_H
#define TICKR_EVENTS_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attributes.h"
#include "base/networks.h"
#include "events/exporter.h"
#include "events/record.h"
#include "events/ring.h"
#include "ticket/range.h"
#include "ticket/space.h"

/* How much of a client's address is recorded. In the order of TICKR_EVENTS_ADDRESSES. */
enum event_addresses {
	EVENT_ADDRESSES_FULL,
	EVENT_ADDRESSES_NET, /* its network: 24 bits of IPv4, 48 of IPv6 */
	EVENT_ADDRESSES_NONE /* neither the address nor the user agent */
};

struct event_recorder_settings {
	struct event_exporter *exporter;
	enum event_addresses addresses;
	const struct networks
		*proxies;	  /* whose X-Forwarded-For is believed; outlives the recorder */
	unsigned datacenter_bits; /* of the node of a Snowflake id, see ticket/snowflake_id.h */
	void (*wake)(void *arg);  /* as in ring.h */
	/*
	 * In the loop: an answer waits for its record. Leads to event_recorder_flush() at the end of the loop's round, so
	 * that the answers of a round wait for one write.
	 */
	void (*waits)(void *arg);
	void *arg;
};

struct event_recorder;

/* Before the exporter starts. SETTINGS is copied. */
struct event_recorder *
event_recorder_new(const struct event_recorder_settings *settings) MUST_CHECK;
void event_recorder_free(struct event_recorder *recorder); /* NULL is allowed */

/* Whether an answer must wait until its record is kept, because a sink is required. */
bool event_recorder_is_required(const struct event_recorder *recorder) MUST_CHECK;

/* Whether X-Forwarded-For is read at all. If not, its header need not be searched for. */
bool event_recorder_reads_proxies(const struct event_recorder *recorder) MUST_CHECK;

/* Whether all required sinks work. False: PROBLEM says why not, and ids must not be issued. */
bool event_recorder_may_issue(const struct event_recorder *recorder,
			      struct text *problem) MUST_CHECK;

/*
 * Add the state of each sink to JSON: [{"name":"audit","works":false,"reason":"..","sent":7,"dropped":1,"last_error":".."}].
 */
void event_recorder_add_sinks(const struct event_recorder *recorder, struct text *json);

/* A request, when its answer is complete. All that it points to is read during the call only. */
struct event_request {
	enum event_protocol protocol;
	unsigned status;   /* of HTTP */
	const char *words; /* why it failed; NULL: it did not. See event_recorder_words() */
	uint64_t began_us; /* by clock_us(): the request was complete */
	uint64_t taken_us; /* a session began to work on it; 0: none did */
	uint64_t now_us;

	const char *store;    /* "": the server's only one */
	const char *sequence; /* SEQUENCE_LEN bytes */
	size_t sequence_len;
	struct ticket_range ids; /* count 0: none were issued */
	/* IDS are bases of this space. NULL: they are ids already, or numbers of a scrambled sequence. */
	const struct ticket_space *space;
	uint32_t node; /* without a space: of the database that issued them */
	bool is_scrambled;

	const struct sockaddr *peer; /* of the connection; NULL: not known */
	const char *forwarded_for;   /* X-Forwarded-For; NULL: none */
	const char *agent;	     /* User-Agent; NULL: none */
	const char *request_id;	     /* "": none */
};

/*
 * Return the words of a record about a request that failed with STATUS, for REASON. A reason that a client caused may
 * hold the bytes of that client, so its words are those of the status.
 */
const char *event_recorder_words(unsigned status, const char *reason);

/*
 * Record REQUEST. Ids that are several progressions, such as a Snowflake array over several milliseconds, are a record
 * each. WAIT is settled after all of them were kept, or one of them was not; NULL: nobody waits. False: the ring
 * is full, so at least one record is dropped and counted, and WAIT will not be settled.
 */
bool event_recorder_write(struct event_recorder *recorder, const struct event_request *request,
			  struct event_wait *wait) MUST_CHECK;

/* The round of the loop is over: let the exporter keep the records that answers wait for. */
void event_recorder_flush(struct event_recorder *recorder);

/* Settle the waits whose records were kept or lost. The wake function leads to this. */
void event_recorder_settle(struct event_recorder *recorder);

/* Find the client's address: the peer's, or the last one in FORWARDED_FOR that is no trusted proxy's. Pure. */
void event_recorder_find_address(const struct networks *proxies, const struct sockaddr *peer,
				 const char *forwarded_for, uint8_t address[EVENT_ADDRESS_SIZE]);

#endif
