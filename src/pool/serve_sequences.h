/*
 * serve_sequences -- the work of a pool thread on reservations of named sequences.
 */
#ifndef TICKR_POOL_SERVE_SEQUENCES_H
#define TICKR_POOL_SERVE_SEQUENCES_H

#include "pool/keeper.h"

/* Answer each of LIST, or put it back. Either all reserve, or LIST is one reservation that reads. */
void serve_sequences(struct keeper *keeper, struct mail_list *list);

#endif
