/*
 * sequence_registry -- the named sequences of all databases of a scope, for the commands of an operator.
 *
 * A strong sequence lives in the database with the lowest node number. A weak one lives in all of them. The
 * registry opens a session of a database when a command needs it first, and keeps it.
 *
 * A registry belongs to one thread, which must have called thread_begin() of the store. Its functions may block
 * for the time-outs of the settings.
 */
#ifndef TICKR_SEQUENCE_REGISTRY_H
#define TICKR_SEQUENCE_REGISTRY_H

#include <event2/buffer.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"
#include "sequence_request.h"
#include "sequence_scope.h"

/* The result of a command. */
enum sequence_outcome {
	SEQUENCE_DONE,
	SEQUENCE_WRONG,	  /* the command has a mistake */
	SEQUENCE_MISSING, /* there is no such sequence */
	SEQUENCE_REFUSED, /* the sequence may not be changed like that */
	SEQUENCE_FAILED,  /* a database failed */
};

struct sequence_registry;

/*
 * Make a registry of the databases of SCOPE, whose settings outlive it. IS_GUEST: a server may serve from them
 * meanwhile. No database is opened yet.
 */
struct sequence_registry *sequence_registry_new(const struct sequence_scope *scope,
						bool is_guest) MUST_CHECK;

/* Close all sessions. */
void sequence_registry_free(struct sequence_registry *registry);

/* Open the session of the first database, if it is not open. False: PROBLEM says why it cannot. */
bool sequence_registry_open(struct sequence_registry *registry, struct text *problem) MUST_CHECK;

/*
 * Carry out REQUEST. Append its lines to OUT, also those before a failure. PROBLEM, which is empty, gets
 * the reason of any outcome but DONE.
 */
enum sequence_outcome sequence_registry_run(struct sequence_registry *registry,
					    const struct sequence_request *request,
					    struct evbuffer *out, struct text *problem) MUST_CHECK;

#endif
