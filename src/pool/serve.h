/*
 * serve -- the work of a pool thread: it takes reservations, reserves bases over its session, and
 * answers.
 */
#ifndef TICKR_POOL_SERVE_H
#define TICKR_POOL_SERVE_H

#include "pool/keeper.h"

/* Serve until the queue stops. Answer each reservation that was taken, or put it back. */
void serve_reservations(struct keeper *keeper);

/*
 * Answer every reservation of GROUP with STATUS, which is not TICKET_OK. DATABASE is for the metrics.
 */
void serve_fail(struct mail_list *group, unsigned database, enum ticket_status status,
		const char *reason);

/* Answer MAIL of GROUP with STATUS. DATABASE is for the metrics. */
void serve_answer(struct mail_list *group, struct mail *mail, unsigned database,
		  enum ticket_status status);

/*
 * Run the statement of ORDER for GROUP. While the database is busy, retry until DEADLINE_MS. True: the statement
 * reserved BASES. False: each of GROUP was answered or put back.
 */
bool serve_statement(struct keeper *keeper, struct mail_list *group,
		     const struct store_order *order, uint64_t deadline_ms,
		     struct ticket_range *bases) MUST_CHECK;

/* Answer each of GROUP, or put it back, because the session failed with RESULT, which is not STORE_OK. */
void serve_note_failure(struct keeper *keeper, struct mail_list *group, enum store_result result,
			const char *reason);

#endif
