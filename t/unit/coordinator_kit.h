/*
 * coordinator_kit -- a coordinator in memory for tests of the rules of leases. It can lose answers, deliver a
 * transaction late, end sessions, and go back in time. One thread.
 */
#ifndef TICKR_T_COORDINATOR_KIT_H
#define TICKR_T_COORDINATOR_KIT_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "lease/coordinated.h"

#define KIT_NODES 4096

struct kit_node {
	char path[TREE_PATH_SIZE], value[1024];
	uint64_t version, creation, session; /* session 0: it stays */
};

enum kit_fault {
	KIT_ANSWERS,
	KIT_DONE_SILENT, /* the next commit happens without an answer */
	KIT_LOST,	 /* it does not happen, and has no answer */
	KIT_LATE,	 /* the same, until kit_deliver() */
};

/* The tree that all servers share. */
static struct {
	struct kit_node nodes[KIT_NODES];
	size_t count;
	uint64_t revision, sessions, unix_ms;
	bool is_gone[256]; /* by session */
	enum kit_fault fault;
	struct coordinator_step late[COORDINATOR_MOST_STEPS];
	char late_values[COORDINATOR_MOST_STEPS][1024];
	size_t late_count;
	uint64_t late_session;
	bool is_away;
} kit;

/* One server's connection. */
struct kit_self {
	uint64_t session;
};

static inline void
kit_reset(void)
{
	memset(&kit, 0, sizeof(kit));
	kit.unix_ms = 1700000000000;
}

static inline struct kit_node *
kit_find(const char *path)
{
	for (size_t i = 0; i < kit.count; i++)
		if (strcmp(kit.nodes[i].path, path) == 0)
			return &kit.nodes[i];
	return NULL;
}

static inline void
kit_remove(struct kit_node *node)
{
	*node = kit.nodes[--kit.count];
}

/* End a session and its nodes, as after the TTL. */
static inline void
kit_expire(uint64_t session)
{
	kit.is_gone[session] = true;
	for (size_t i = kit.count; i-- > 0;)
		if (kit.nodes[i].session == session)
			kit_remove(&kit.nodes[i]);
}

static inline struct kit_node *
kit_put(const char *path, const char *value, uint64_t session)
{
	struct kit_node *node = kit_find(path);

	kit.revision++;
	if (node == NULL) {
		assert(kit.count < KIT_NODES);
		node = &kit.nodes[kit.count++];
		snprintf(node->path, sizeof(node->path), "%s", path);
		node->creation = kit.revision;
	}
	snprintf(node->value, sizeof(node->value), "%s", value);
	node->version = kit.revision;
	node->session = session;
	return node;
}

static inline bool
kit_holds(const struct coordinator_step *step)
{
	const struct kit_node *node = kit_find(step->path);

	if (step->condition == STEP_ABSENT)
		return node == NULL;
	if (node == NULL)
		return false;
	return step->expected == (step->condition == STEP_VERSION ? node->version : node->creation);
}

static inline enum coordinator_result
kit_apply(uint64_t session, struct coordinator_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!kit_holds(&steps[i]))
			return COORDINATOR_FAILED;
		if (steps[i].kind == STEP_PUT && steps[i].life == LIFE_OF_SESSION &&
		    (session == 0 || kit.is_gone[session]))
			return COORDINATOR_GONE;
	}
	for (size_t i = 0; i < count; i++) {
		if (steps[i].kind == STEP_PUT) {
			bool is_session = steps[i].life == LIFE_OF_SESSION;
			struct kit_node *node =
				kit_put(steps[i].path, steps[i].value, is_session ? session : 0);

			steps[i].version = node->version;
			steps[i].creation = node->creation;
		} else if (steps[i].kind == STEP_DELETE)
			kit_remove(kit_find(steps[i].path));
	}
	return COORDINATOR_OK;
}

/* Let the transaction that was late arrive. */
static inline enum coordinator_result
kit_deliver(void)
{
	for (size_t i = 0; i < kit.late_count; i++)
		kit.late[i].value = kit.late_values[i];
	return kit_apply(kit.late_session, kit.late, kit.late_count);
}

/* --- the functions of the kind ------------------------------------------------------------------- */

static inline enum coordinator_result
kit_answer(struct text *reason)
{
	if (kit.is_away)
		text_add(reason, "no answer");
	return kit.is_away ? COORDINATOR_UNKNOWN : COORDINATOR_OK;
}

static inline void *
kit_open(const struct coordinator_settings *settings, struct text *reason)
{
	struct kit_self *self = xcalloc(1, sizeof(*self));

	(void)settings;
	(void)reason;
	return self;
}

static inline enum coordinator_result
kit_begin(void *self, uint64_t until_ms, struct text *reason)
{
	struct kit_self *kit_self = self;

	(void)until_ms;
	kit_self->session = ++kit.sessions;
	return kit_answer(reason);
}

static inline void
kit_end(void *self, uint64_t until_ms)
{
	struct kit_self *kit_self = self;

	(void)until_ms;
	if (kit_self->session != 0)
		kit_expire(kit_self->session);
	kit_self->session = 0;
}

static inline uint64_t
kit_expires_at_ms(void *self)
{
	(void)self;
	return clock_ms() + 10000;
}

static inline enum coordinator_result
kit_look(void *self, uint64_t until_ms, const char *prefix, struct coordinator_now *now,
	 struct text *reason)
{
	(void)self;
	(void)until_ms;
	(void)prefix;
	*now = (struct coordinator_now){kit.revision, kit.unix_ms, 1000};
	return kit_answer(reason);
}

static inline enum coordinator_result
kit_list(void *self, uint64_t until_ms, const char *folder, bool with_values,
	 coordinator_visit_fn *visit, void *arg, struct text *reason)
{
	size_t len = strlen(folder);

	(void)self;
	(void)until_ms;
	for (size_t i = 0; i < kit.count && !kit.is_away; i++)
		if (strncmp(kit.nodes[i].path, folder, len) == 0 && kit.nodes[i].path[len] == '/')
			visit(arg, kit.nodes[i].path + len + 1,
			      with_values ? kit.nodes[i].value : NULL);
	return kit_answer(reason);
}

static inline enum coordinator_result
kit_read(void *self, uint64_t until_ms, const char *path, struct coordinator_node *node,
	 struct text *reason)
{
	const struct kit_node *found = kit_find(path);

	(void)self;
	(void)until_ms;
	*node = (struct coordinator_node){0};
	if (!kit.is_away && found != NULL)
		*node = (struct coordinator_node){true, xstrdup(found->value), found->version,
						  found->creation};
	return kit_answer(reason);
}

static inline enum coordinator_result
kit_commit(void *self, uint64_t until_ms, struct coordinator_step *steps, size_t count,
	   struct text *reason)
{
	struct kit_self *kit_self = self;
	enum kit_fault fault = kit.fault;
	enum coordinator_result result;

	(void)until_ms;
	kit.fault = KIT_ANSWERS;
	if (fault == KIT_LATE) {
		kit.late_count = count;
		kit.late_session = kit_self->session;
		memcpy(kit.late, steps, count * sizeof(*steps));
		for (size_t i = 0; i < count; i++)
			snprintf(kit.late_values[i], sizeof(kit.late_values[i]), "%s",
				 steps[i].kind == STEP_PUT ? steps[i].value : "");
	}
	if (fault == KIT_LATE || fault == KIT_LOST || kit.is_away) {
		text_add(reason, "no answer");
		return COORDINATOR_UNKNOWN;
	}
	result = kit_apply(kit_self->session, steps, count);
	return fault == KIT_DONE_SILENT ? COORDINATOR_UNKNOWN : result;
}

static inline enum coordinator_result
kit_wait(void *self, uint64_t until_ms, const char *folder, bool *has_changed, struct text *reason)
{
	struct kit_self *kit_self = self;

	(void)until_ms;
	*has_changed = folder != NULL;
	if (kit.is_away)
		return kit_answer(reason);
	return kit_self->session != 0 && kit.is_gone[kit_self->session] ? COORDINATOR_GONE
									: COORDINATOR_OK;
}

static inline void
kit_wake(void *self)
{
	(void)self;
}

static inline void
kit_close(void *self)
{
	free(self);
}

static const struct coordinator_kind kit_kind = {
	.name = "kit",
	.open = kit_open,
	.begin = kit_begin,
	.end = kit_end,
	.expires_at_ms = kit_expires_at_ms,
	.look = kit_look,
	.list = kit_list,
	.read = kit_read,
	.commit = kit_commit,
	.wait = kit_wait,
	.wake = kit_wake,
	.close = kit_close,
};

#endif
