/*
 * database -- the state of one database at one moment: for answers, probes and metrics.
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
	DATABASE_UP,	   /* tickets can be reserved */
	DATABASE_DOWN,	   /* it is away, fails or hangs */
	DATABASE_REFUSED,  /* it cannot be trusted, or is not this node's */
	DATABASE_DRAINING, /* the operator drains it, and its sessions close */
	DATABASE_DRAINED,  /* no session is open */
	DATABASE_CONDITIONS
};

struct database_state {
	const char *name;		  /* its address; outlives the state */
	const struct ticket_space *space; /* outlives the state */
	enum database_condition condition;
	uint64_t newest_base;	  /* below SPACE_FIRST_BASE: none is known */
	char reason[REASON_SIZE]; /* the message why it is not up; "" when it is */
};

/* A word for answers and logs, such as "up". */
const char *database_condition_name(enum database_condition condition);

/* Whether it is up, and its space is not exhausted. */
bool database_issues_ids(const struct database_state *state) MUST_CHECK;

/* The newest ticket, or the last of the space if the counter is past it. False: none is known. */
bool database_last_ticket(const struct database_state *state, uint64_t *ticket) MUST_CHECK;

/*
 * Add STATE as a JSON object: host, node, state, last_ticket, and the reason if WITH_REASON and
 * there is one.
 */
void database_add_json(const struct database_state *state, bool with_reason, struct text *text);

#endif
