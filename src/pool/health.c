#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "pool/health.h"

void
health_init(struct health *health)
{
	memset(health, 0, sizeof(*health));
	pthread_mutex_init(&health->mutex, NULL);
	clock_cond_init(&health->changed);
	health->state = HEALTH_UNKNOWN;
	health->down_since_ms = clock_ms();
	health->newest_base = SPACE_FIRST_BASE - 1;
	health->name = "";
	strcpy(health->reason, "no session has been opened yet");
}

void
health_destroy(struct health *health)
{
	pthread_cond_destroy(&health->changed);
	pthread_mutex_destroy(&health->mutex);
}

static bool
health_is_known(const struct health *health)
{
	return health->state != HEALTH_UNKNOWN && health->state != HEALTH_REACHED;
}

static bool
health_is_up(enum health_state state)
{
	return state == HEALTH_UP || state == HEALTH_DOUBTED;
}

/* Set the metrics of the state. For a pool of tickets a scrape sets them again. With the mutex held. */
static void
health_publish(const struct health *health)
{
	bool is_up = health_is_up(health->state);

	metrics_set(METRIC_DATABASE_UP + health->database, is_up);
	metrics_set(METRIC_DATABASE_REFUSED + health->database,
		    !is_up && health->trouble == STORE_REFUSED);
}

/* Take the step of EVENT. With the mutex held. */
static enum health_action
health_step(struct health *health, enum health_event event)
{
	const struct health_step *step = &health_table[health->state][event];

	switch (step->action) {
	case HEALTH_RISE:
		health->trouble = STORE_OK;
		health->reason[0] = '\0';
		break;
	case HEALTH_FALL:
	case HEALTH_DRAIN: health->down_since_ms = clock_ms(); break;
	case HEALTH_SILENT:
	case HEALTH_WARN_SESSION:
	case HEALTH_WARN_FIRST:
	case HEALTH_WARN_STILL: break;
	}
	if (health->state == step->next)
		return step->action;
	health->state = step->next;
	health_publish(health);
	pthread_cond_broadcast(&health->changed);
	return step->action;
}

/*
 * Take the step of EVENT, and give the mutex back. Log if the database is up again. With the mutex
 * held.
 */
static void
health_step_and_unlock(struct health *health, enum health_event event)
{
	bool was_known = health_is_known(health);
	uint64_t down_since_ms = health->down_since_ms;
	enum health_action action = health_step(health, event);

	pthread_mutex_unlock(&health->mutex);
	if (action == HEALTH_RISE)
		log_info("the database is up",
			 LOG_ELAPSED("outage_seconds", was_known ? clock_ms() - down_since_ms : 0),
			 LOG_DATABASE(health->name));
}

void
health_note_open(struct health *health)
{
	metrics_add(METRIC_SESSIONS_OPEN + health->database, 1);
	pthread_mutex_lock(&health->mutex);
	health->sessions++;
	health_step_and_unlock(health, HEALTH_OPENED);
}

void
health_note_close(struct health *health)
{
	metrics_subtract(METRIC_SESSIONS_OPEN + health->database, 1);
	pthread_mutex_lock(&health->mutex);
	health->sessions--;
	pthread_mutex_unlock(&health->mutex);
}

void
health_note_good(struct health *health, uint64_t newest_base)
{
	pthread_mutex_lock(&health->mutex);
	health->last_good_ms = clock_ms();
	if (newest_base > health->newest_base)
		health->newest_base = newest_base;
	health_step_and_unlock(health, health->sessions > 0 ? HEALTH_ANSWERED : HEALTH_UNSERVED);
}

void
health_note_reserved(struct health *health, uint64_t newest_base)
{
	pthread_mutex_lock(&health->mutex);
	health->last_reserved_ms = clock_ms();
	pthread_mutex_unlock(&health->mutex);
	health_note_good(health, newest_base);
}

/* Return the event that RESULT stands for. With the mutex held. */
static enum health_event
health_event_of(const struct health *health, enum store_result result, bool was_open)
{
	bool is_of_session = result == STORE_LOST || result == STORE_UNREADY;

	if (result == STORE_BUSY)
		return HEALTH_TROUBLED;
	if (was_open && !is_of_session)
		return HEALTH_DENIED;
	return health->sessions == 0 ? HEALTH_CUT_OFF : HEALTH_TROUBLED;
}

/*
 * A refused database answers, and a database that is down does not. The operator must tell them apart.
 */
static const char *
health_name_error(enum store_result result)
{
	return result == STORE_REFUSED ? "the database is refused" : "the database is down";
}

static const char *
health_name_warning(enum health_action action)
{
	if (action == HEALTH_WARN_SESSION)
		return "a database session failed";
	return action == HEALTH_WARN_STILL ? "the database is still down"
					   : "the database is down; trying again";
}

void
health_note_trouble(struct health *health, enum store_result result, bool was_open,
		    const char *reason)
{
	enum health_action action;
	bool is_news;

	pthread_mutex_lock(&health->mutex);
	is_news = strncmp(health->reason, reason, REASON_SIZE - 1) != 0;
	action = health_step(health, health_event_of(health, result, was_open));
	health->trouble = result;
	health_publish(health);
	snprintf(health->reason, sizeof(health->reason), "%s", reason);
	pthread_mutex_unlock(&health->mutex);

	if (action == HEALTH_FALL ||
	    (is_news && action != HEALTH_WARN_SESSION && result == STORE_REFUSED)) {
		log_error(health_name_error(result), LOG_TEXT("reason", reason),
			  LOG_DATABASE(health->name));
	} else if (is_news) {
		log_warn(health_name_warning(action), LOG_TEXT("reason", reason),
			 LOG_DATABASE(health->name));
	}
}

void
health_note_doubt(struct health *health)
{
	pthread_mutex_lock(&health->mutex);
	health_step_and_unlock(health, HEALTH_UNRESERVED);
}

void
health_note_drained(struct health *health)
{
	pthread_mutex_lock(&health->mutex);
	snprintf(health->reason, sizeof(health->reason),
		 "no session has been opened since the operator took it out");
	health_step_and_unlock(health, HEALTH_DRAINED);
}

void
health_wait_known(struct health *health, uint64_t ms)
{
	struct timespec until = clock_moment(clock_ms() + ms);
	int result = 0;

	pthread_mutex_lock(&health->mutex);
	while (!health_is_known(health) && result == 0)
		result = pthread_cond_timedwait(&health->changed, &health->mutex, &until);
	pthread_mutex_unlock(&health->mutex);
}

void
health_view(struct health *health, uint64_t most_age_ms, struct health_view *view)
{
	bool is_up;

	pthread_mutex_lock(&health->mutex);
	is_up = health_is_up(health->state);
	view->is_ready = is_up && clock_ms() - health->last_good_ms <= most_age_ms;
	view->is_refused = !is_up && health->trouble == STORE_REFUSED;
	view->last_good_ms = health->last_good_ms;
	view->last_reserved_ms = health->last_reserved_ms;
	view->newest_base = health->newest_base;
	snprintf(view->reason, sizeof(view->reason), "%s", is_up ? "" : health->reason);
	pthread_mutex_unlock(&health->mutex);
}

bool
health_is_failing(struct health *health)
{
	bool is_failing;

	pthread_mutex_lock(&health->mutex);
	is_failing = health->state == HEALTH_DOUBTED || health->state == HEALTH_FAILING;
	pthread_mutex_unlock(&health->mutex);
	return is_failing;
}

bool
health_has_reserved(struct health *health, uint64_t ms)
{
	bool has_reserved;

	pthread_mutex_lock(&health->mutex);
	has_reserved = health->last_reserved_ms != 0 && clock_ms() - health->last_reserved_ms < ms;
	pthread_mutex_unlock(&health->mutex);
	return has_reserved;
}

void
health_explain(struct health *health, struct text *text)
{
	pthread_mutex_lock(&health->mutex);
	if (health->state != HEALTH_UP)
		text_addf(text, "the database is down: %s", health->reason);
	pthread_mutex_unlock(&health->mutex);
}
