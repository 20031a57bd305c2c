/*
 * health -- whether the database can serve now, and since when.
 *
 * Threads of the pool note events. A table says for each state and event which state follows
 * (health_table.c). Any thread; one mutex. Each change is logged here once.
 */
#ifndef TICKR_POOL_HEALTH_H
#define TICKR_POOL_HEALTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "ticket/reservation.h"

/* Only a session that serves reservations makes the database up; the one for maintenance does not. */
enum health_state {
	HEALTH_UNKNOWN = 1, /* nothing is known yet */
	HEALTH_REACHED,	    /* the same, and it answers: it is up when a session opens */
	HEALTH_UP,
	HEALTH_DOUBTED, /* up, but the last reservation failed */
	HEALTH_DOWN,
	HEALTH_ANSWERING, /* down, but it answers: it is up when a session opens */
	HEALTH_FAILING,	  /* down, and the last reservation failed */
	HEALTH_STATES
};

enum health_event {
	HEALTH_OPENED,	   /* a session that serves was opened */
	HEALTH_ANSWERED,   /* the database answered as it should */
	HEALTH_UNSERVED,   /* the same, while no session that serves is open */
	HEALTH_UNRESERVED, /* a reservation failed; its trouble follows as another event */
	HEALTH_TROUBLED,   /* one session failed, or the database is busy: others may do better */
	HEALTH_CUT_OFF,	   /* a session failed, and none that serves is open */
	HEALTH_DENIED,	   /* a statement failed on a live session: no other will do better */
	HEALTH_RESTED,	   /* the operator took the database out */
	HEALTH_EVENTS
};

enum health_action {
	HEALTH_SILENT,
	HEALTH_RISE, /* forget the trouble, and log that the database is up */
	HEALTH_FALL, /* the outage begins; log the error */
	HEALTH_REST, /* the outage begins; the operator knows */
	/* Log a warning, unless it repeats the last one: */
	HEALTH_WARN_SESSION, /* of one session */
	HEALTH_WARN_FIRST,   /* the database was never up */
	HEALTH_WARN_STILL,   /* it is still down */
};

struct health_step {
	enum health_state next;
	enum health_action action;
};

extern const struct health_step health_table[HEALTH_STATES][HEALTH_EVENTS];

struct health {
	unsigned database; /* its number, for metrics; set before there are threads, as the name */
	const char *name;  /* for the log */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Under the mutex: */
	enum health_state state;
	unsigned sessions; /* open ones that serve reservations */
	uint64_t down_since_ms;
	uint64_t last_good_ms;	   /* when the database last answered as it should; 0: never */
	uint64_t last_reserved_ms; /* when a reservation last succeeded; 0: none has */
	uint64_t newest_base;
	enum store_result trouble;
	char reason[REASON_SIZE];
};

/* The knowledge at one moment. */
struct health_look {
	bool is_ready; /* the database is up, and has answered within the time that was asked for */
	bool is_refused;
	uint64_t last_good_ms;
	uint64_t last_reserved_ms;
	uint64_t newest_base;
	char reason[REASON_SIZE]; /* why no tickets can be reserved; "" when they can */
};

void health_init(struct health *health);
void health_destroy(struct health *health);

void health_note_open(struct health *health);  /* a session that serves was opened */
void health_note_close(struct health *health); /* one was closed */

/*
 * The database answered as it should. NEWEST_BASE is its highest base. While health_is_failing() only a
 * reservation proves that: the caller makes one first.
 */
void health_note_good(struct health *health, uint64_t newest_base);

/* The same, of a reservation whose last base is NEWEST_BASE. */
void health_note_reserved(struct health *health, uint64_t newest_base);

/* A statement (WAS_OPEN) or an opening ended with RESULT, which is not STORE_OK. */
void health_note_trouble(struct health *health, enum store_result result, bool was_open,
			 const char *reason);

/* A reservation failed. Until one succeeds, a successful read does not prove that the database is up. */
void health_note_doubt(struct health *health);

/* The operator took the database out: it is not up, and that is no trouble. */
void health_note_rest(struct health *health);

/* Wait until the database is known to be up or down, or for MS. */
void health_wait_known(struct health *health, uint64_t ms);

void health_look(struct health *health, uint64_t most_age_ms, struct health_look *look);

/* Whether the last reservation failed: only another one can prove that the database is up. */
bool health_is_failing(struct health *health);

/* Whether a reservation has succeeded within the last MS. */
bool health_has_reserved(struct health *health, uint64_t ms);

/* Add to TEXT why no tickets can be reserved; nothing if they can. */
void health_explain(struct health *health, struct text *text);

#endif
