#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "state/record.h"

#define VERSION		3
#define TICKETS_VERSION 2  /* has no instance */
#define OLD_VERSION	1  /* has no identity and no refusals */
#define MOST_DIGITS	20 /* of a number */

/* --- writing ---------------------------------------------------------------------------------- */

/* Return the FNV-1a checksum. If a single byte changes, so does the checksum. */
static uint64_t
record_checksum(const char *bytes, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return sum;
}

static int
record_version(const struct record *record)
{
	if (record->instance[0] != '\0')
		return VERSION;
	return record->identity[0] == '\0' && classes_top(&record->latches) == 0 ? OLD_VERSION
										 : TICKETS_VERSION;
}

void
record_write(const struct record *record, struct text *text)
{
	size_t begin = text->len;

	text_addf(text, "tickr state %d\nspace %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		  record_version(record), record->space.max_nodes, record->space.node_number,
		  record->space.starting_offset);
	if (record->identity[0] != '\0')
		text_addf(text, "database %s\n", record->identity);
	if (record->instance[0] != '\0')
		text_addf(text, "instance %s count %" PRIu64 " ahead %" PRIu64 "\n",
			  record->instance, record->count, record->count_ahead);
	text_addf(text, "step %" PRIu64 "\n", record->given.step);
	for (uint64_t i = 0; i < record->given.step; i++)
		if (record->ahead.highest[i] > 0)
			text_addf(text, "class %" PRIu64 " given %" PRIu64 " ahead %" PRIu64 "\n",
				  i, record->given.highest[i], record->ahead.highest[i]);
	for (uint64_t i = 0; i < record->given.step && i < record->latches.step; i++)
		if (record->latches.highest[i] > 0)
			text_addf(text, "refused %" PRIu64 " latch %" PRIu64 "\n", i,
				  record->latches.highest[i]);
	text_addf(text, "checksum %016" PRIx64 "\n",
		  record_checksum(text->start + begin, text->len - begin));
}

void
record_copy(struct record *to, const struct record *from)
{
	to->space = from->space;
	memcpy(to->identity, from->identity, sizeof(to->identity));
	memcpy(to->instance, from->instance, sizeof(to->instance));
	to->count = from->count;
	to->count_ahead = from->count_ahead;
	classes_copy(&to->given, &from->given);
	classes_copy(&to->ahead, &from->ahead);
	classes_copy(&to->latches, &from->latches);
}

void
record_free(struct record *record)
{
	classes_free(&record->given);
	classes_free(&record->ahead);
	classes_free(&record->latches);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The bytes that are left to read. */
struct reader {
	const char *at;
	const char *end;
};

static bool
record_read_word(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, word, len) != 0)
		return false;
	reader->at += len;
	return true;
}

static bool
record_read_number(struct reader *reader, uint64_t most, uint64_t *number)
{
	size_t left = (size_t)(reader->end - reader->at);
	size_t len = 0;

	while (len < left && len <= MOST_DIGITS && reader->at[len] >= '0' && reader->at[len] <= '9')
		len++;
	if (!parse_number(reader->at, len, most, number))
		return false;
	reader->at += len;
	return true;
}

static bool
record_read_space(struct reader *reader, struct ticket_space *space)
{
	return record_read_word(reader, "space ") &&
	       record_read_number(reader, SPACE_MOST_NODES, &space->max_nodes) &&
	       space->max_nodes > 0 && record_read_word(reader, " ") &&
	       record_read_number(reader, space->max_nodes - 1, &space->node_number) &&
	       record_read_word(reader, " ") &&
	       record_read_number(reader, SPACE_LAST_TICKET, &space->starting_offset) &&
	       record_read_word(reader, "\n");
}

static bool
record_read_id(struct reader *reader, char id[RANDOM_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	if ((size_t)(reader->end - reader->at) < RANDOM_ID_LEN)
		return false;
	memcpy(id, reader->at, RANDOM_ID_LEN);
	reader->at += RANDOM_ID_LEN;
	return strspn(id, digits) == RANDOM_ID_LEN;
}

/* Read the line of the identity, if there is one. */
static bool
record_read_identity(struct reader *reader, char *identity)
{
	if (!record_read_word(reader, "database "))
		return true;
	return record_read_id(reader, identity) && record_read_word(reader, "\n");
}

/* Read the line of the instance, if there is one. */
static bool
record_read_instance(struct reader *reader, struct record *record)
{
	if (!record_read_word(reader, "instance "))
		return true;
	return record_read_id(reader, record->instance) && record_read_word(reader, " count ") &&
	       record_read_number(reader, UINT64_MAX, &record->count) &&
	       record_read_word(reader, " ahead ") &&
	       record_read_number(reader, UINT64_MAX, &record->count_ahead) &&
	       record_read_word(reader, "\n") && record->count <= record->count_ahead;
}

static bool
record_read_class(struct reader *reader, struct record *record)
{
	uint64_t class, given, ahead;

	if (!record_read_number(reader, record->given.step - 1, &class) ||
	    !record_read_word(reader, " given ") ||
	    !record_read_number(reader, UINT64_MAX, &given) ||
	    !record_read_word(reader, " ahead ") ||
	    !record_read_number(reader, UINT64_MAX, &ahead) || !record_read_word(reader, "\n"))
		return false;
	record->given.highest[class] = given;
	record->ahead.highest[class] = ahead;
	return given <= ahead;
}

static bool
record_read_refusal(struct reader *reader, struct record *record)
{
	uint64_t class, latch;

	if (!record_read_number(reader, record->given.step - 1, &class) ||
	    !record_read_word(reader, " latch ") ||
	    !record_read_number(reader, UINT64_MAX, &latch) || !record_read_word(reader, "\n"))
		return false;
	classes_widen(&record->latches, record->given.step);
	record->latches.highest[class] = latch;
	return true;
}

static bool
record_read_classes(struct reader *reader, struct record *record)
{
	uint64_t step;

	if (!record_read_word(reader, "step ") ||
	    !record_read_number(reader, CLASSES_MOST, &step) || !record_read_word(reader, "\n"))
		return false;
	if (step > 0) {
		classes_widen(&record->given, step);
		classes_widen(&record->ahead, step);
	}
	while (step > 0 && record_read_word(reader, "class "))
		if (!record_read_class(reader, record))
			return false;
	while (step > 0 && record_read_word(reader, "refused "))
		if (!record_read_refusal(reader, record))
			return false;
	return true;
}

/* Return true if BYTES are the one text of RECORD: in its order, no leading zeros, no line twice. */
static bool
record_has_text(const struct record *record, const char *bytes, size_t len)
{
	char *memory = xcalloc(1, RECORD_SIZE);
	struct text text = text_over(memory, RECORD_SIZE);
	bool is_same;

	record_write(record, &text);
	is_same = text.len == len && memcmp(memory, bytes, len) == 0;
	free(memory);
	return is_same;
}

static bool
record_parse(struct record *record, const char *bytes, size_t len, struct text *problem)
{
	struct reader reader = {bytes, bytes + len};
	uint64_t version;

	if (!record_read_word(&reader, "tickr state ") ||
	    !record_read_number(&reader, UINT64_MAX, &version) ||
	    !record_read_word(&reader, "\n")) {
		text_add(problem, "it is not a state file of tickrd, or it is damaged");
		return false;
	}
	if (version > VERSION) {
		text_addf(problem,
			  "it is of version %" PRIu64 ", and this tickrd knows %d: a newer tickrd "
			  "wrote it, or it is damaged",
			  version, VERSION);
		return false;
	}
	if (!record_read_space(&reader, &record->space) ||
	    !record_read_identity(&reader, record->identity) ||
	    !record_read_instance(&reader, record) || !record_read_classes(&reader, record) ||
	    !record_has_text(record, bytes, len)) {
		text_add(problem, "it is torn or damaged: its checksum is not that of its lines");
		return false;
	}
	return true;
}

bool
record_read(struct record *record, const char *bytes, size_t len, struct text *problem)
{
	if (record_parse(record, bytes, len, problem))
		return true;
	record_free(record);
	*record = (struct record){0};
	return false;
}
