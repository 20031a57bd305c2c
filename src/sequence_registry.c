#include <stdlib.h>

#include "base/memory.h"
#include "sequence_job.h"
#include "sequence_registry.h"

struct sequence_registry *
sequence_registry_new(const struct sequence_scope *scope, bool is_guest)
{
	struct sequence_registry *registry = xcalloc(1, sizeof(*registry));

	registry->config = scope->config;
	registry->count = scope->count;
	for (size_t i = 0; i < registry->count; i++) {
		struct sequence_place *place = &registry->places[i];

		place->store = scope->store;
		place->prefix = scope->prefix;
		place->settings = scope->databases[i];
		place->settings.is_guest = is_guest;
		place->space = scope->databases[i].space;
		place->space.starting_offset = SEQUENCE_FIRST_ID;
		place->store->claim(&place->settings);
		if (place->space.node_number < registry->places[registry->home].space.node_number)
			registry->home = i;
	}
	return registry;
}

void
sequence_registry_free(struct sequence_registry *registry)
{
	for (size_t i = 0; i < registry->count; i++) {
		struct sequence_place *place = &registry->places[i];

		sequence_place_close(place);
		place->store->release(&place->settings);
	}
	free(registry);
}

bool
sequence_registry_open(struct sequence_registry *registry, struct text *problem)
{
	return sequence_place_open(&registry->places[0], problem) == SEQUENCE_DONE;
}

enum sequence_outcome
sequence_registry_run(struct sequence_registry *registry, const struct sequence_request *request,
		      struct evbuffer *out, struct text *problem)
{
	static enum sequence_outcome (*const tasks[])(const struct sequence_job *job) = {
		[SEQUENCE_CREATE] = sequence_create,
		[SEQUENCE_LIST] = sequence_read_list,
		[SEQUENCE_SHOW] = sequence_read_show,
		[SEQUENCE_ADVANCE] = sequence_change_advance,
		[SEQUENCE_RETIRE] = sequence_change_retire,
		[SEQUENCE_DECODE] = sequence_read_decode,
		[SEQUENCE_INSTANCES] = sequence_instances_list,
		[SEQUENCE_FOLD] = sequence_instances_fold,
	};
	struct sequence_job job = {registry, request, out, problem};

	return tasks[request->task](&job);
}
