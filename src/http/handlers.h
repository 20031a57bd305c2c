/*
 * handlers -- what answers each route, one file each. Loop thread.
 *
 * A handler takes the exchange and answers it once, now or later, through reply.h.
 */
#ifndef TICKR_HTTP_HANDLERS_H
#define TICKR_HTTP_HANDLERS_H

struct exchange;

/* handle_create.c */
void handle_create(struct exchange *exchange, const char *argument);
void handle_create_many(struct exchange *exchange, const char *argument);
/* handle_status.c */
void handle_status(struct exchange *exchange, const char *argument);
/* handle_probes.c */
void handle_livez(struct exchange *exchange, const char *argument);
void handle_readyz(struct exchange *exchange, const char *argument);
/* handle_metrics.c */
void handle_metrics(struct exchange *exchange, const char *argument);

#endif
