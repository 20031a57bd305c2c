/*
 * service -- what the server serves, for all protocols: its sources of ids, its limits, and whether it is ready.
 *
 * Loop thread, one for each loop. No function asks a database: the states are at most a second old.
 */
#ifndef TICKR_FRONT_SERVICE_H
#define TICKR_FRONT_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allocator/allocator.h"
#include "base/text.h"
#include "front/front.h"
#include "front/stores.h"
#include "ticket/database.h"
#include "ticket/json.h"

struct ticket_service {
	struct allocator *allocator;
	uint32_t max_batch;
	enum batch_format batch_format;
	struct front_stores stores; /* of named sequences; there may be none */
	/*
	 * Write the state of each database to STATES, which has room for MOST_DATABASES. Return how many they
	 * are. It must not ask a database.
	 */
	size_t (*databases)(void *arg, struct database_state *states);
	/* Return how many tickets are held ahead, and how long they last. NULL: none are reserved ahead. */
	uint64_t (*reserved)(void *arg, uint64_t *lasts_ms);
	/* Whether all sinks of events that are required work. False: PROBLEM says why not. NULL: no events. */
	bool (*events)(void *arg, struct text *problem);
	/* Add the state of each sink of events to JSON: [{"name":"audit","works":true}]. NULL: no events. */
	void (*sinks)(void *arg, struct text *json);
	/* Add the parts of ID as JSON members. False: it is no id. NULL: the ids are tickets of the databases. */
	bool (*decode)(void *arg, uint64_t id, struct text *json);
	/* Add members of the JSON object of /status, each after a comma. NULL: there are no more. */
	void (*add_status)(void *arg, struct text *text);
	void *arg;
};

/* Whether tickets are issued. A server that drains is not ready either, which the caller knows. */
bool service_is_ready(const struct ticket_service *service) MUST_CHECK;

/* Whether ids of named sequences are issued from store tickr. They have sessions of their own in the databases. */
bool service_sequences_are_ready(const struct ticket_service *service) MUST_CHECK;

/* Whether ids of named sequences are issued from STORE, one of the service. */
bool service_store_is_ready(const struct ticket_service *service,
			    const struct front_store *store) MUST_CHECK;

#define SERVICE_REASON_SIZE 1024

/* The state of the Tickr sequence. */
struct service_status {
	struct database_state states[MOST_DATABASES];
	size_t count;	      /* of the databases */
	bool has_ticket;      /* a database knows its newest ticket */
	uint64_t last_ticket; /* the highest that any database knows */
	bool is_ahead;	      /* tickets are reserved ahead */
	uint64_t reserved;    /* so many are held now */
};

/* Fill STATUS. False: no ticket can be issued, for the REASON, which has room for SERVICE_REASON_SIZE bytes. */
bool service_look(const struct ticket_service *service, struct service_status *status,
		  struct text *reason) MUST_CHECK;

#endif
