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

/* With the mutex held. A scrape sets these metrics for pools of tickets again. */
static void
health_publish(const struct health *health)
{
	bool is_good = health->is_up && !health->is_failing;

	metrics_set(METRIC_DATABASE_UP + health->database, is_good);
	metrics_set(METRIC_DATABASE_REFUSED + health->database,
		    !is_good && health->trouble == STORE_REFUSED);
}

/* What is logged when a database has come up, and the mutex is free. */
struct rise {
	bool came_up;
	uint64_t outage_ms;
};

/* With the mutex held: it is up if its last answer was good and a session can serve. */
static struct rise
health_rise(struct health *health)
{
	struct rise rise = {.came_up = !health->is_up && health->is_good && health->sessions > 0};

	if (!rise.came_up)
		return rise;
	rise.outage_ms = health->is_outage ? clock_ms() - health->down_since_ms : 0;
	health->is_up = true;
	health->is_known = true;
	health->is_outage = false;
	health->trouble = STORE_OK;
	health->reason[0] = '\0';
	health_publish(health);
	pthread_cond_broadcast(&health->changed);
	return rise;
}

static void
health_log_rise(const struct health *health, const struct rise *rise)
{
	if (rise->came_up)
		log_info("the database is up", "outage_seconds=%.3f database=\"%s\"",
			 (double)rise->outage_ms / 1000, health->name);
}

void
health_note_open(struct health *health)
{
	struct rise rise;

	metrics_add(METRIC_SESSIONS_OPEN + health->database, 1);
	pthread_mutex_lock(&health->mutex);
	health->sessions++;
	rise = health_rise(health);
	pthread_mutex_unlock(&health->mutex);
	health_log_rise(health, &rise);
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
	struct rise rise;
	bool was_failing;

	pthread_mutex_lock(&health->mutex);
	was_failing = health->is_failing;
	health->is_good = true;
	health->is_failing = false;
	health->is_in_doubt = false;
	health->last_good_ms = clock_ms();
	if (newest_base > health->newest_base)
		health->newest_base = newest_base;
	rise = health_rise(health);
	if (was_failing)
		health_publish(health);
	pthread_mutex_unlock(&health->mutex);
	health_log_rise(health, &rise);
}

void
health_note_reserved(struct health *health, uint64_t newest_base)
{
	pthread_mutex_lock(&health->mutex);
	health->last_reserved_ms = clock_ms();
	pthread_mutex_unlock(&health->mutex);
	health_note_good(health, newest_base);
}

/* Another session may have none of this trouble. */
static bool
is_of_session(enum store_result result)
{
	return result == STORE_LOST || result == STORE_UNREADY;
}

/* With the mutex held. Trouble with one session while others are open is no outage. */
static bool
goes_down(struct health *health, enum store_result result, bool was_open)
{
	if (result == STORE_BUSY)
		return false;
	return health->sessions == 0 || (was_open && !is_of_session(result));
}

/* A database that answers and is not served from is another matter than one that is away. */
static const char *
name_trouble(enum store_result result)
{
	return result == STORE_REFUSED ? "the database is refused" : "the database is down";
}

/* What is no worse than before, or was never better. */
static const char *
name_lesser_trouble(bool is_up, bool was_outage)
{
	if (is_up)
		return "a database session failed";
	return was_outage ? "the database is still down"
			  : "the database is down; it is asked again until it is there";
}

void
health_note_trouble(struct health *health, enum store_result result, bool was_open,
		    const char *reason)
{
	char memory[2 * REASON_SIZE];
	struct text quoted = TEXT_OVER(memory);
	bool is_news, went_down, is_up, was_outage;

	pthread_mutex_lock(&health->mutex);
	is_news = strncmp(health->reason, reason, REASON_SIZE - 1) != 0;
	went_down = health->is_up && goes_down(health, result, was_open);
	if (went_down) {
		health->is_up = false;
		health->down_since_ms = clock_ms();
	}
	if (was_open && !is_of_session(result) && result != STORE_BUSY)
		health->is_failing = true;
	health->is_good = false;
	health->is_known = true;
	pthread_cond_broadcast(&health->changed);
	health->trouble = result;
	snprintf(health->reason, sizeof(health->reason), "%s", reason);
	is_up = health->is_up;
	was_outage = health->is_outage;
	health->is_outage = !is_up;
	health_publish(health);
	pthread_mutex_unlock(&health->mutex);

	text_add_quoted(&quoted, reason, REASON_SIZE);
	if (went_down || (is_news && !is_up && result == STORE_REFUSED)) {
		log_error(name_trouble(result), "reason=%s database=\"%s\"", memory, health->name);
	} else if (is_news) {
		log_warn(name_lesser_trouble(is_up, was_outage), "reason=%s database=\"%s\"",
			 memory, health->name);
	}
}

void
health_note_doubt(struct health *health)
{
	pthread_mutex_lock(&health->mutex);
	health->is_good = false;
	health->is_in_doubt = true;
	pthread_mutex_unlock(&health->mutex);
}

void
health_note_rest(struct health *health)
{
	pthread_mutex_lock(&health->mutex);
	health->down_since_ms = clock_ms();
	health->is_up = false;
	health->is_good = false;
	health->is_outage = true;
	snprintf(health->reason, sizeof(health->reason),
		 "no session has been opened since the operator took it out");
	health_publish(health);
	pthread_mutex_unlock(&health->mutex);
}

void
health_wait_known(struct health *health, uint64_t ms)
{
	struct timespec until = clock_moment(clock_ms() + ms);
	int result = 0;

	pthread_mutex_lock(&health->mutex);
	while (!health->is_known && result == 0)
		result = pthread_cond_timedwait(&health->changed, &health->mutex, &until);
	pthread_mutex_unlock(&health->mutex);
}

void
health_look(struct health *health, uint64_t most_age_ms, struct health_look *look)
{
	bool is_good;

	pthread_mutex_lock(&health->mutex);
	is_good = health->is_up && !health->is_failing;
	look->is_ready = is_good && clock_ms() - health->last_good_ms <= most_age_ms;
	look->is_refused = !is_good && health->trouble == STORE_REFUSED;
	look->last_good_ms = health->last_good_ms;
	look->last_reserved_ms = health->last_reserved_ms;
	look->newest_base = health->newest_base;
	snprintf(look->reason, sizeof(look->reason), "%s", is_good ? "" : health->reason);
	pthread_mutex_unlock(&health->mutex);
}

bool
health_is_failing(struct health *health)
{
	bool is_failing;

	pthread_mutex_lock(&health->mutex);
	is_failing = health->is_failing || health->is_in_doubt;
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
	if (!health->is_up || health->is_failing || health->is_in_doubt)
		text_addf(text, "the database is down: %s", health->reason);
	pthread_mutex_unlock(&health->mutex);
}
