#include "ticket/snowflake_id.h"
#include "ticket/space.h"

struct ticket_space
space_of_snowflakes(uint32_t node, uint32_t per_ms)
{
	return (struct ticket_space){.node_number = node, .starting_offset = per_ms};
}

bool
space_is_of_snowflakes(const struct ticket_space *space)
{
	return space->max_nodes == 0;
}

static uint32_t
space_per_ms(const struct ticket_space *space)
{
	return (uint32_t)space->starting_offset;
}

bool
space_ticket(const struct ticket_space *space, uint64_t base, uint64_t *ticket)
{
	uint64_t number;

	if (base < SPACE_FIRST_BASE)
		return false;
	if (space_is_of_snowflakes(space))
		return snowflake_id_make((uint32_t)space->node_number, space_per_ms(space), base,
					 ticket);
	if (__builtin_mul_overflow(base - SPACE_FIRST_BASE, space->max_nodes, &number) ||
	    __builtin_add_overflow(number, space->node_number, &number) ||
	    __builtin_add_overflow(number, space->starting_offset, &number))
		return false;
	if (number > SPACE_LAST_TICKET)
		return false;
	*ticket = number;
	return true;
}

static bool
space_base_of_snowflake(const struct ticket_space *space, uint64_t ticket, uint64_t *base)
{
	uint32_t per_ms = space_per_ms(space);
	struct snowflake_parts parts;

	if (!snowflake_id_split(ticket, &parts) || parts.node != space->node_number ||
	    parts.sequence >= per_ms)
		return false;
	*base = parts.ms * per_ms + parts.sequence;
	return *base >= SPACE_FIRST_BASE;
}

bool
space_base(const struct ticket_space *space, uint64_t ticket, uint64_t *base)
{
	uint64_t origin = space->node_number + space->starting_offset;

	if (space_is_of_snowflakes(space))
		return space_base_of_snowflake(space, ticket, base);
	if (ticket < origin || ticket > SPACE_LAST_TICKET)
		return false;
	if ((ticket - origin) % space->max_nodes != 0)
		return false;
	*base = (ticket - origin) / space->max_nodes + SPACE_FIRST_BASE;
	return true;
}

uint64_t
space_base_up_to(const struct ticket_space *space, uint64_t ticket)
{
	uint64_t origin = space->node_number + space->starting_offset;

	if (ticket < origin)
		return SPACE_FIRST_BASE - 1;
	return (ticket - origin) / space->max_nodes + SPACE_FIRST_BASE;
}

bool
space_tickets(const struct ticket_space *space, const struct ticket_range *bases,
	      struct ticket_range *tickets)
{
	uint64_t first, last, increment;

	if (!range_last(bases, &last) || !space_ticket(space, last, &last) ||
	    !space_ticket(space, bases->first, &first))
		return false;
	if (space_is_of_snowflakes(space))
		increment = bases->increment;
	else if (__builtin_mul_overflow(bases->increment, space->max_nodes, &increment))
		return false;
	if (space_is_of_snowflakes(space) && last - first != bases->count - 1)
		return false; /* they pass the end of a millisecond */
	*tickets = (struct ticket_range){first, increment, bases->count};
	return true;
}

bool
space_take_progression(const struct ticket_space *space, struct ticket_range *bases,
		       struct ticket_range *tickets)
{
	uint32_t count = bases->count;
	struct ticket_range front;

	if (space_is_of_snowflakes(space)) {
		uint64_t left = space_per_ms(space) - bases->first % space_per_ms(space);

		count = left < count ? (uint32_t)left : count;
	}
	front = range_take(bases, count);
	return space_tickets(space, &front, tickets);
}

bool
space_list(const struct ticket_space *space, const struct ticket_range *bases, uint64_t *tickets)
{
	struct ticket_range left = *bases, piece;

	while (left.count > 0) {
		if (!space_take_progression(space, &left, &piece))
			return false;
		for (uint32_t i = 0; i < piece.count; i++)
			*tickets++ = piece.first + i * piece.increment;
	}
	return true;
}

bool
space_ids(const struct ticket_space *space, const struct ticket_range *numbers,
	  struct ticket_range *ids)
{
	struct ticket_range bases = *numbers;

	return !__builtin_add_overflow(numbers->first, SPACE_FIRST_BASE - 1, &bases.first) &&
	       space_tickets(space, &bases, ids);
}

uint64_t
space_id_up_to(const struct ticket_space *space, uint64_t number)
{
	uint64_t base, id;

	if (__builtin_add_overflow(number, SPACE_FIRST_BASE - 1, &base) ||
	    !space_ticket(space, base, &id)) {
		bool is_last = space_ticket(space, space_last_base(space), &id);

		return is_last ? id : 0;
	}
	return id;
}

uint64_t
space_last_base(const struct ticket_space *space)
{
	uint64_t origin = space->node_number + space->starting_offset;

	if (space_is_of_snowflakes(space))
		return SNOWFLAKE_END_MS * space_per_ms(space) - 1;
	if (origin > SPACE_LAST_TICKET)
		return SPACE_FIRST_BASE - 1;
	return (SPACE_LAST_TICKET - origin) / space->max_nodes + SPACE_FIRST_BASE;
}

uint32_t
space_count(const struct ticket_space *space, const struct ticket_range *bases)
{
	uint64_t last = space_last_base(space);
	uint64_t more; /* after the first */

	if (bases->first < SPACE_FIRST_BASE || bases->first > last)
		return 0;
	more = (last - bases->first) / bases->increment;
	return more < bases->count ? (uint32_t)more + 1 : bases->count;
}

uint64_t
space_left(const struct ticket_space *space, uint64_t base)
{
	uint64_t last = space_last_base(space);
	uint64_t given = base < SPACE_FIRST_BASE ? SPACE_FIRST_BASE - 1 : base;

	return given < last ? last - given : 0;
}

bool
space_equals(const struct ticket_space *a, const struct ticket_space *b)
{
	return a->max_nodes == b->max_nodes && a->node_number == b->node_number &&
	       a->starting_offset == b->starting_offset;
}
