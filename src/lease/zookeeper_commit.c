#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "lease/zookeeper_session.h"

static struct zookeeper_operation
keeper_operation(const struct coordinator_step *step)
{
	struct zookeeper_operation operation = {.path = step->path,
						.version = ZOOKEEPER_ANY_VERSION};

	if (step->condition == STEP_VERSION)
		operation.version = (int32_t)step->expected;
	switch (step->kind) {
	case STEP_CHECK:
		assert(step->condition != STEP_ABSENT);
		operation.kind = ZOOKEEPER_CHECK;
		break;
	case STEP_DELETE: operation.kind = ZOOKEEPER_DELETE; break;
	case STEP_PUT:
		operation.value = step->value;
		operation.value_len = strlen(step->value);
		operation.kind = step->condition != STEP_ABSENT	 ? ZOOKEEPER_SET
				 : step->life == LIFE_OF_SESSION ? ZOOKEEPER_CREATE_EPHEMERAL
								 : ZOOKEEPER_CREATE;
		break;
	}
	return operation;
}

/* Return the operation that was refused because the folder of its node is missing; NULL: there is none. */
static const struct zookeeper_operation *
keeper_homeless(const struct zookeeper_operation *operations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (operations[i].code == ZOOKEEPER_NO_NODE &&
		    (operations[i].kind == ZOOKEEPER_CREATE ||
		     operations[i].kind == ZOOKEEPER_CREATE_EPHEMERAL))
			return &operations[i];
	return NULL;
}

/* Make the folders that OPERATIONS lack. False: that was not the reason of the refusal, or it failed. */
static bool
keeper_make_folder(struct keeper_session *session, uint64_t until_ms,
		   const struct zookeeper_operation *operations, size_t count, struct text *reason)
{
	const struct zookeeper_operation *homeless = keeper_homeless(operations, count);
	char path[TREE_PATH_SIZE];
	struct text text = TEXT_OVER(path);

	if (homeless == NULL)
		return false;
	text_add_bytes(&text, homeless->path,
		       (size_t)(strrchr(homeless->path, '/') - homeless->path));
	text_clear(reason);
	return zookeeper_make_folder(session->client, path, until_ms, reason) == ZOOKEEPER_OK;
}

static bool
keeper_is_condition(int code)
{
	return code == ZOOKEEPER_BAD_VERSION || code == ZOOKEEPER_EXISTS ||
	       code == ZOOKEEPER_NO_NODE;
}

static void
keeper_note_versions(const struct keeper_session *session, struct coordinator_step *steps,
		     const struct zookeeper_operation *operations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_set = operations[i].kind == ZOOKEEPER_SET;

		steps[i].version = is_set ? (uint64_t)operations[i].node.version : 0;
		steps[i].creation = operations[i].kind == ZOOKEEPER_CREATE_EPHEMERAL
					    ? zookeeper_session(session->client)
					    : 0;
	}
}

enum coordinator_result
keeper_commit(void *self, uint64_t until_ms, struct coordinator_step *steps, size_t count,
	      struct text *reason)
{
	struct keeper_session *session = self;
	struct zookeeper_operation operations[COORDINATOR_MOST_STEPS];
	enum zookeeper_result result;
	int code = 0;

	assert(count <= COORDINATOR_MOST_STEPS);
	if (session->client == NULL)
		return keeper_no_session(reason);
	do {
		for (size_t i = 0; i < count; i++)
			operations[i] = keeper_operation(&steps[i]);
		result = zookeeper_run(session->client, operations, count, until_ms, &code, reason);
	} while (result == ZOOKEEPER_REFUSED && clock_ms() < until_ms &&
		 keeper_make_folder(session, until_ms, operations, count, reason));
	if (result == ZOOKEEPER_OK)
		keeper_note_versions(session, steps, operations, count);
	if (result == ZOOKEEPER_REFUSED && keeper_is_condition(code))
		return COORDINATOR_FAILED;
	return keeper_result(session, result, code);
}
