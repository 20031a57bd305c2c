#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/parse.h"
#include "store/shelf.h"

#define MARK " tickr"

#define MEMBER(member)                                        \
	{                                                     \
#member, offsetof(struct shelf_value, member) \
	}
static const struct {
	const char *name;
	size_t at;
} shelf_value_members[] = {
	MEMBER(revision),    MEMBER(raised),   MEMBER(seen),	MEMBER(start),
	MEMBER(most),	     MEMBER(order),    MEMBER(form),	MEMBER(width),
	MEMBER(fingerprint), MEMBER(declared), MEMBER(retired),
};

void
shelf_value_write(const struct shelf_value *value, char memory[SHELF_VALUE_SIZE])
{
	struct text text = text_over(memory, SHELF_VALUE_SIZE);

	text_addf(&text, "%" PRIu64 MARK, value->newest);
	for (size_t i = 0; i < ARRAY_LENGTH(shelf_value_members); i++) {
		uint64_t number;

		memcpy(&number, (const char *)value + shelf_value_members[i].at, sizeof(number));
		if (number > 0)
			text_addf(&text, " %s=%" PRIu64, shelf_value_members[i].name, number);
	}
}

/* Read " NAME=NUMBER" at TEXT, of LEN bytes. */
static bool
shelf_value_read_member(const char *text, size_t len, struct shelf_value *value)
{
	for (size_t i = 0; i < ARRAY_LENGTH(shelf_value_members); i++) {
		size_t name_len = strlen(shelf_value_members[i].name);
		uint64_t number;

		if (len < name_len + 2 || text[0] != ' ' || text[name_len + 1] != '=' ||
		    memcmp(text + 1, shelf_value_members[i].name, name_len) != 0)
			continue;
		if (!parse_number(text + name_len + 2, len - name_len - 2, UINT64_MAX, &number))
			return false;
		memcpy((char *)value + shelf_value_members[i].at, &number, sizeof(number));
		return true;
	}
	return false;
}

bool
shelf_value_read(const char *text, struct shelf_value *value)
{
	size_t len = strcspn(text, " ");

	*value = (struct shelf_value){0};
	if (!parse_number(text, len, INT64_MAX, &value->newest) ||
	    strncmp(text + len, MARK, sizeof(MARK) - 1) != 0)
		return false;
	for (text += len + sizeof(MARK) - 1; *text != '\0'; text += len) {
		len = 1 + strcspn(text + 1, " ");
		if (!shelf_value_read_member(text, len, value))
			return false;
	}
	return true;
}

struct sequence_policy
shelf_value_policy(const struct shelf_value *value)
{
	return (struct sequence_policy){
		.revision = (uint32_t)value->revision,
		.order = value->order == 1 ? SEQUENCE_WEAK : SEQUENCE_STRONG,
		.form = value->form == 1 ? SEQUENCE_SCRAMBLED : SEQUENCE_PLAIN,
		.start = value->start > 0 ? value->start : 1,
		.most = value->most > 0 && value->most < SEQUENCE_MOST ? value->most
								       : SEQUENCE_MOST,
		.width = value->width == 53 ? 53 : 63,
		.is_retired = value->retired > 0,
		.is_declared = value->declared > 0,
		.fingerprint = value->fingerprint,
	};
}

void
shelf_value_set_policy(struct shelf_value *value, const struct sequence_policy *policy)
{
	value->order = policy->order == SEQUENCE_WEAK;
	value->form = policy->form == SEQUENCE_SCRAMBLED;
	value->start = policy->start;
	value->most = policy->most;
	value->width = policy->width;
	value->fingerprint = policy->fingerprint;
	value->declared = 1;
}
