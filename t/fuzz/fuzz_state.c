/* The input is a state file. */
#include <string.h>

#include "fuzz.h"
#include "state/record.h"

/* A record that is read has the input as its one text. Otherwise the record stays empty, with a reason. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char memory[RECORD_SIZE];
	char problem_memory[512];
	struct text text = TEXT_OVER(memory), problem = TEXT_OVER(problem_memory);
	struct record record = {0};

	if (!record_read(&record, (const char *)bytes, len, &problem)) {
		MUST_HOLD(problem.len > 0);
		MUST_HOLD(record.given.highest == NULL && record.ahead.highest == NULL);
		return 0;
	}
	record_write(&record, &text);
	MUST_HOLD(text.len == len && memcmp(memory, bytes, len) == 0);
	MUST_HOLD(record.given.step == record.ahead.step);
	for (uint64_t i = 0; i < record.given.step; i++)
		MUST_HOLD(record.given.highest[i] <= record.ahead.highest[i]);
	record_free(&record);
	return 0;
}
