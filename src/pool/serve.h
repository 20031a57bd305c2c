/*
 * serve -- the work of a pool thread: reservations in, answers out, over one session.
 */
#ifndef TICKR_POOL_SERVE_H
#define TICKR_POOL_SERVE_H

#include "pool/keeper.h"

/* Serve until the queue stops. Every reservation taken is answered or put back. */
void serve_reservations(struct keeper *keeper);

/*
 * Run the statement of ORDER for GROUP, again while the database is busy, until DEADLINE_MS. True: BASES are theirs.
 * False: all of GROUP was answered or put back.
 */
bool serve_statement(struct keeper *keeper, struct mail_list *group,
		     const struct store_order *order, uint64_t deadline_ms,
		     struct ticket_range *bases) MUST_CHECK;

/* The session failed GROUP with RESULT, which is not STORE_OK: answer or put back each. */
void serve_fail(struct keeper *keeper, struct mail_list *group, enum store_result result,
		const char *reason);

/* Answer MAIL of GROUP, asked of DATABASE, with STATUS. */
void serve_answer(struct mail_list *group, struct mail *mail, unsigned database,
		  enum ticket_status status);

/* Answer every reservation of GROUP, asked of DATABASE, with STATUS, which is not TICKET_OK. */
void serve_refuse(struct mail_list *group, unsigned database, enum ticket_status status,
		  const char *reason);

#endif
