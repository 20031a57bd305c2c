/*
 * ids -- the part of requests and answers with ids that both services of tickr.v1 have. Loop thread.
 *
 * In CreateTicketsResponse and CreateIdsResponse the list is field 1, and the range is field 2.
 */
#ifndef TICKR_GRPC_IDS_H
#define TICKR_GRPC_IDS_H

#include "grpc/call.h"
#include "proto/tickr.pb-c.h"

/*
 * Read the count (0: one) and the format of a request, and set memory for the answer aside. NOUN: of the ids, in the
 * plural. False: CALL has failed.
 */
bool ids_read(struct grpc_call *call, uint32_t given, Tickr__V1__Format format, const char *noun,
	      uint32_t *count) MUST_CHECK;

/*
 * Answer with the ids of BASES, in the format that was read. Snowflake ids are no progression if they pass the end of a
 * millisecond. False: CALL has no answer, because the space ends.
 */
bool ids_reply_bases(struct grpc_call *call, const struct ticket_space *space,
		     const struct ticket_range *bases) MUST_CHECK;

/* Answer with IDS, in the format that was read; or, if SCRAMBLED is not NULL, with IDS.count of those as a list. */
void ids_reply(struct grpc_call *call, const struct ticket_range *ids, const uint64_t *scrambled);

#endif
