/*
 * health -- knows whether the database can serve now, and since when.
 *
 * Threads of the pool note events. A table (health_table.c) has the next state for each state and
 * event. Each change is logged here once. Any thread; one mutex.
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
	HEALTH_UNKNOWN = 1, /* no session has been opened, and none has failed */
	HEALTH_REACHED,	    /* the same, but it answers: it is up when a session opens */
	HEALTH_UP,
	HEALTH_DOUBTED, /* up, but the last reservation failed */
	HEALTH_DOWN,
	HEALTH_ANSWERING, /* down, but it answers: it is up when a session opens */
	HEALTH_FAILING,	  /* down, and the last reservation failed */
	HEALTH_STATES
};

enum health_event {
	HEALTH_OPENED,	   /* a session that serves was opened */
	HEALTH_ANSWERED,   /* the database executed a statement */
	HEALTH_UNSERVED,   /* the same, while no session that serves is open */
	HEALTH_UNRESERVED, /* a reservation failed; its trouble follows as another event */
	HEALTH_TROUBLED, /* one session failed, or the database is busy: another one may succeed */
	HEALTH_CUT_OFF,	 /* a session failed, and none that serves is open */
	HEALTH_DENIED,	 /* a statement failed on a live session: no other one will succeed */
	HEALTH_DRAINED,	 /* the operator took the database out */
	HEALTH_EVENTS
};

enum health_action {
	HEALTH_SILENT,
	HEALTH_RISE,  /* forget the trouble, and log that the database is up */
	HEALTH_FALL,  /* the outage begins; log the error */
	HEALTH_DRAIN, /* the outage begins; the operator knows */
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
	uint64_t last_good_ms;	   /* when the database last executed a statement; 0: never */
	uint64_t last_reserved_ms; /* when a reservation last succeeded; 0: none has */
	uint64_t newest_base;
	enum store_result trouble;
	char reason[REASON_SIZE];
};

/* A copy of the knowledge at one moment. */
struct health_view {
	bool is_ready; /* the database is up, and has answered within the most_age_ms of health_view() */
	bool is_refused;
	uint64_t last_good_ms;
	uint64_t last_reserved_ms;
	uint64_t newest_base;
	char reason[REASON_SIZE]; /* why no tickets can be reserved; "": they can */
};

void health_init(struct health *health);
void health_destroy(struct health *health);

/* Note that a session that serves was opened, or closed. */
void health_note_open(struct health *health);
void health_note_close(struct health *health);

/*
 * Note that the database executed a statement, and that NEWEST_BASE is its highest base. While
 * health_is_failing(), only a reservation proves that the database is up. So the caller makes one
 * first.
 */
void health_note_good(struct health *health, uint64_t newest_base);

/* Note that a reservation succeeded, whose last base is NEWEST_BASE. */
void health_note_reserved(struct health *health, uint64_t newest_base);

/* Note that a statement (WAS_OPEN) or an opening ended with RESULT, which is not STORE_OK. */
void health_note_trouble(struct health *health, enum store_result result, bool was_open,
			 const char *reason);

/* Note that a reservation failed. Until one succeeds, a read does not prove that the database is up. */
void health_note_doubt(struct health *health);

/* Note that the operator took the database out: it is not up, and that is no trouble. */
void health_note_drained(struct health *health);

/* Wait until the database is known to be up or down, or for MS. */
void health_wait_known(struct health *health, uint64_t ms);

/* Fill VIEW. It is ready if the database is up, and has answered within MOST_AGE_MS. */
void health_view(struct health *health, uint64_t most_age_ms, struct health_view *view);

/* Return true if the last reservation failed: only another one can prove that the database is up. */
bool health_is_failing(struct health *health);

/* Return true if a reservation has succeeded within the last MS. */
bool health_has_reserved(struct health *health, uint64_t ms);

/* Add a message to TEXT why no tickets can be reserved. Add none if they can. */
void health_explain(struct health *health, struct text *text);

#endif
