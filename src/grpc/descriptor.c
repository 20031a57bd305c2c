#include <string.h>

#include "grpc/descriptor.h"
#include "grpc/wire.h"
#include "proto/descriptors.h"

/* Fields of FileDescriptorProto, of DescriptorProto, and of the others with a name. */
enum {
	DESCRIPTOR_NAME = 1,
	DESCRIPTOR_FILE_PACKAGE = 2,
	DESCRIPTOR_FILE_FIRST = 4, /* messages, enums, services */
	DESCRIPTOR_FILE_LAST = 6,
	DESCRIPTOR_FIRST = 2, /* of a message: fields, messages, enums; of a service: methods */
	DESCRIPTOR_LAST = 4,
};

static const struct descriptor descriptor_sets[] = {
	{proto_health, sizeof(proto_health)},
	{proto_reflection_v1, sizeof(proto_reflection_v1)},
	{proto_reflection_v1alpha, sizeof(proto_reflection_v1alpha)},
	{proto_runtime, sizeof(proto_runtime)},
	{proto_tickr, sizeof(proto_tickr)},
};

/* Each set has one file. */
static struct descriptor
descriptor_file(size_t index)
{
	struct wire wire = wire_over(descriptor_sets[index].bytes, descriptor_sets[index].len);
	struct wire_field file;

	return wire_next(&wire, &file) ? (struct descriptor){file.bytes, file.len}
				       : (struct descriptor){NULL, 0};
}

/* Find the text in the field NUMBER. */
static bool
descriptor_text(const struct descriptor *of, uint32_t number, struct wire_field *text)
{
	struct wire wire = wire_over(of->bytes, of->len);

	while (wire_next(&wire, text))
		if (text->number == number && text->has_bytes)
			return true;
	return false;
}

/* If SYMBOL is NAME, or begins with it and a dot, move past them. */
static bool
descriptor_skip(const char **symbol, const struct wire_field *name)
{
	if (strncmp(*symbol, (const char *)name->bytes, name->len) != 0)
		return false;
	*symbol += name->len;
	if ((*symbol)[0] == '.')
		(*symbol)++;
	else if ((*symbol)[0] != '\0')
		return false;
	return true;
}

/* Whether SYMBOL is the name of OF, or of one of its parts. */
static bool
descriptor_has(const struct descriptor *of, const char *symbol)
{
	struct wire wire = wire_over(of->bytes, of->len);
	struct wire_field field;

	if (!descriptor_text(of, DESCRIPTOR_NAME, &field) || !descriptor_skip(&symbol, &field))
		return false;
	if (symbol[0] == '\0')
		return true;
	while (wire_next(&wire, &field))
		if (field.has_bytes && field.number >= DESCRIPTOR_FIRST &&
		    field.number <= DESCRIPTOR_LAST &&
		    descriptor_has(&(struct descriptor){field.bytes, field.len}, symbol))
			return true;
	return false;
}

static bool
descriptor_defines(const struct descriptor *file, const char *symbol)
{
	struct wire wire = wire_over(file->bytes, file->len);
	struct wire_field field;

	if (!descriptor_text(file, DESCRIPTOR_FILE_PACKAGE, &field) ||
	    !descriptor_skip(&symbol, &field))
		return false;
	while (symbol[0] != '\0' && wire_next(&wire, &field))
		if (field.has_bytes && field.number >= DESCRIPTOR_FILE_FIRST &&
		    field.number <= DESCRIPTOR_FILE_LAST &&
		    descriptor_has(&(struct descriptor){field.bytes, field.len}, symbol))
			return true;
	return false;
}

bool
descriptor_find_file(const char *name, struct descriptor *found)
{
	struct wire_field its_name;

	for (size_t i = 0; i < ARRAY_LENGTH(descriptor_sets); i++) {
		*found = descriptor_file(i);
		if (descriptor_text(found, DESCRIPTOR_NAME, &its_name) &&
		    its_name.len == strlen(name) && memcmp(its_name.bytes, name, its_name.len) == 0)
			return true;
	}
	return false;
}

bool
descriptor_find_symbol(const char *symbol, struct descriptor *found)
{
	for (size_t i = 0; i < ARRAY_LENGTH(descriptor_sets); i++) {
		*found = descriptor_file(i);
		if (descriptor_defines(found, symbol))
			return true;
	}
	return false;
}
