#include "grpc/wire.h"

#define MOST_SHIFT 63 /* of the last byte of a number */

struct wire
wire_over(const unsigned char *bytes, size_t len)
{
	return (struct wire){bytes, bytes + len};
}

static bool
wire_read_number(struct wire *wire, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; shift <= MOST_SHIFT && wire->at < wire->end; shift += 7) {
		unsigned char byte = *wire->at++;

		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

bool
wire_next(struct wire *wire, struct wire_field *field)
{
	uint64_t tag, number;

	if (!wire_read_number(wire, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
		return false;
	*field = (struct wire_field){.number = (uint32_t)(tag >> 3)};
	switch (tag & 7) {
	case 0: return wire_read_number(wire, &number);
	case 1: number = 8; break;
	case 2:
		field->has_bytes = true;
		if (!wire_read_number(wire, &number))
			return false;
		break;
	case 5: number = 4; break;
	default: return false;
	}
	if (number > (uint64_t)(wire->end - wire->at))
		return false;
	field->bytes = wire->at;
	field->len = (size_t)number;
	wire->at += number;
	return true;
}

size_t
wire_string_len(const unsigned char *bytes, size_t len, uint32_t number)
{
	struct wire wire = wire_over(bytes, len);
	struct wire_field field;
	size_t found = 0;

	while (wire_next(&wire, &field))
		if (field.number == number && field.has_bytes)
			found = field.len;
	return found;
}

size_t
wire_number(unsigned char *to, uint64_t number)
{
	size_t len = 0;

	for (; number >= 0x80; number >>= 7)
		to[len++] = (unsigned char)(number | 0x80);
	to[len++] = (unsigned char)number;
	return len;
}

size_t
wire_bytes_head(unsigned char *to, uint32_t number, size_t len)
{
	to[0] = (unsigned char)(number << 3 | 2);
	return 1 + wire_number(to + 1, len);
}
