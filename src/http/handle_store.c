#include "http/handlers.h"
#include "http/reply.h"
#include "http/sequence_target.h"

#define PROBLEM_SIZE 512

bool
handle_find_store(struct exchange *exchange)
{
	const struct ticket_service *service = exchange_context(exchange);
	char memory[PROBLEM_SIZE];
	struct text problem = TEXT_OVER(memory);

	if (sequence_target_find_store(exchange_query(exchange), &service->stores, &exchange->store,
				       &problem))
		return true;
	reply_outcome(exchange, FRONT_NOT_FOUND, memory);
	return false;
}
