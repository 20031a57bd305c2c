/*
 * database -- what is known of one of the databases just now: for answers, probes and metrics.
 *
 * Pure; any thread. Databases are numbered from 0 in the order of the settings.
 */
#ifndef TICKR_TICKET_DATABASE_H
#define TICKR_TICKET_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "ticket/reservation.h"
#include "ticket/space.h"

#define MOST_DATABASES 16

enum database_condition {
	DATABASE_UP,	   /* it gives tickets */
	DATABASE_DOWN,	   /* it is away, fails or hangs */
	DATABASE_REFUSED,  /* it cannot be trusted, or is not this node's */
	DATABASE_DRAINING, /* the operator took it out; its sessions are being closed */
	DATABASE_DRAINED,  /* nothing is connected to it */
	DATABASE_CONDITIONS
};

struct database_state {
	const char *name;		  /* where it is; outlives the state */
	const struct ticket_space *space; /* outlives the state */
	enum database_condition condition;
	uint64_t newest_base;	  /* below SPACE_FIRST_BASE: none is known */
	char reason[REASON_SIZE]; /* why it is not up, for people; "" when it is */
};

/* A word for people and programs, such as "up". */
const char *database_condition_name(enum database_condition condition);

/* Whether tickets can be had from it. */
bool database_gives(const struct database_state *state) MUST_CHECK;

/* The newest ticket; false when none is known. At the end of the space it is the last of all. */
bool database_last_ticket(const struct database_state *state, uint64_t *ticket) MUST_CHECK;

/* STATE as an object of JSON: host, node, state, last_ticket; WITH_REASON, where there is one. */
void database_add_json(const struct database_state *state, bool with_reason, struct text *text);

#endif
