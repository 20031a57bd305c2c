/*
 * waiting -- the reservations that wait for the next fetch, in the order they arrived.
 *
 * The caller holds the lock of their owner.
 */
#ifndef TICKR_TICKET_WAITING_H
#define TICKR_TICKET_WAITING_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/mail.h"
#include "ticket/status.h"

/* Return how many bases the next fetch must bring for those in WAITING. */
uint64_t waiting_count(const struct mail_list *waiting) MUST_CHECK;

/* Move MAIL from WAITING into ANSWERED, with STATUS and a copy of REASON. */
void waiting_fail_one(struct mail_list *waiting, struct mail *mail, enum ticket_status status,
		      const char *reason, struct mail_list *answered);

/* The same for all whose deadline is UNTIL_MS, by clock_ms(), or before. */
void waiting_fail(struct mail_list *waiting, uint64_t until_ms, enum ticket_status status,
		  const char *reason, struct mail_list *answered);

/* Call the answer function of each reservation in ANSWERED, without the lock. */
void waiting_answer(struct mail_list *answered);

#endif
