#include "front/budget.h"

#define ID_US (1000000 / BUDGET_PER_SECOND)

bool
budget_take(struct front_budget *budget, uint32_t count, uint64_t now_us)
{
	uint64_t from_us = budget->spent_us > now_us ? budget->spent_us : now_us;
	uint64_t until_us = from_us + (uint64_t)count * ID_US;

	if (until_us > now_us + (uint64_t)BUDGET_BURST * ID_US)
		return false;
	budget->spent_us = until_us;
	return true;
}
