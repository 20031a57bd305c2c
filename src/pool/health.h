/*
 * health -- what is known about the database just now, and who is told when it changes.
 *
 * Any thread; one mutex. Changes of state are logged here, once each.
 */
#ifndef TICKR_POOL_HEALTH_H
#define TICKR_POOL_HEALTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "ticket/reservation.h"

struct health {
	unsigned database; /* its number, for metrics; set before there are threads, as the name */
	const char *name;  /* for the log */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Under the mutex: */
	bool is_up;
	bool is_known;	   /* it has been up, or there was trouble */
	bool is_good;	   /* the last thing that is known of it is good */
	bool is_outage;	   /* it is not up, and the log says so */
	bool is_failing;   /* the last reservation failed though the session lived */
	bool is_in_doubt;  /* it failed with its session, or for now: the next one may do better */
	unsigned sessions; /* open ones that serve tickets */
	uint64_t down_since_ms;
	uint64_t last_good_ms;	   /* when the database last answered as it should; 0: never */
	uint64_t last_reserved_ms; /* when a reservation last succeeded; 0: none has */
	uint64_t newest_base;
	enum store_result trouble;
	char reason[REASON_SIZE];
};

/* What is known, at one moment. */
struct health_look {
	bool is_ready; /* tickets can be had, known no longer ago than was asked for */
	bool is_refused;
	uint64_t last_good_ms;
	uint64_t last_reserved_ms;
	uint64_t newest_base;
	char reason[REASON_SIZE]; /* why tickets cannot be had; "" when they can */
};

void health_init(struct health *health);
void health_destroy(struct health *health);

void health_note_open(struct health *health);  /* a session was opened */
void health_note_close(struct health *health); /* one was closed */

/* The database did what was asked; NEWEST_BASE is the highest it has given. */
void health_note_good(struct health *health, uint64_t newest_base);

/* The same, of a reservation whose last base is NEWEST_BASE. */
void health_note_reserved(struct health *health, uint64_t newest_base);

/* A statement or an opening ended with RESULT, which is not STORE_OK. */
void health_note_trouble(struct health *health, enum store_result result, bool was_open,
			 const char *reason);

/* A reservation has failed, for whatever reason: that the database can be read proves nothing now. */
void health_note_doubt(struct health *health);

/* The operator has taken the database out: it is not up, and that is no trouble. */
void health_note_rest(struct health *health);

/* Wait until the database is known to be up or down, or for MS. */
void health_wait_known(struct health *health, uint64_t ms);

void health_look(struct health *health, uint64_t most_age_ms, struct health_look *look);

/* The last reservation failed: only another one can tell whether that is over. */
bool health_is_failing(struct health *health);

/* Whether a reservation has succeeded within the last MS. */
bool health_has_reserved(struct health *health, uint64_t ms);

/* Why tickets cannot be had, for people: "" when they can. */
void health_explain(struct health *health, struct text *text);

#endif
