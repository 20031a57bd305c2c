/*
 * sequence_place -- one database of a registry, and what its table answers. Used by sequence_registry.c and the tasks.
 *
 * The functions ask again while the table is busy, until the query time-out. After any other failure the session
 * is closed, and PROBLEM has the reason. In the thread of the registry.
 */
#ifndef TICKR_SEQUENCE_PLACE_H
#define TICKR_SEQUENCE_PLACE_H

#include "sequence_registry.h"

struct sequence_place {
	const struct store *store;
	const char *prefix; /* of the names in the table, see front/rewrite.h */
	struct store_settings settings;
	struct ticket_space space; /* of ids, not of tickets */
	struct store_session *session;

	/* Of the sequence of the present request: */
	bool is_found;
	struct store_listed listed; /* also if it is not found: then with the default policy */
};

enum sequence_outcome sequence_place_open(struct sequence_place *place,
					  struct text *problem) MUST_CHECK;
void sequence_place_close(struct sequence_place *place);

/* Read the sequence of REQUEST. */
enum sequence_outcome sequence_place_show(struct sequence_place *place,
					  const struct sequence_request *request,
					  struct text *problem) MUST_CHECK;

enum sequence_outcome sequence_place_declare(struct sequence_place *place,
					     const struct sequence_request *request,
					     const struct sequence_policy *wanted,
					     enum store_declared *declared,
					     struct text *problem) MUST_CHECK;

/* Move the sequence past NUMBER. */
enum sequence_outcome sequence_place_jump(struct sequence_place *place,
					  const struct sequence_request *request, uint64_t number,
					  struct text *problem) MUST_CHECK;

enum sequence_outcome sequence_place_retire(struct sequence_place *place,
					    const struct sequence_request *request,
					    struct text *problem) MUST_CHECK;

/* Hand a page of sequences to EACH, by the names in the table. Those of other prefixes come last. */
enum sequence_outcome sequence_place_list(struct sequence_place *place,
					  const struct sequence_request *request,
					  store_listed_fn *each, void *arg,
					  struct text *problem) MUST_CHECK;

/* Set *CLOCK to the clock, and then hand the rows of the instances to EACH. */
enum sequence_outcome
sequence_place_instances(struct sequence_place *place,
			 void (*each)(void *arg, const struct store_instance *row), void *arg,
			 uint64_t *clock, struct text *problem) MUST_CHECK;

/* Delete the row of the instance that REQUEST names. */
enum sequence_outcome sequence_place_fold(struct sequence_place *place,
					  const struct sequence_request *request, bool *is_found,
					  struct text *problem) MUST_CHECK;

#endif
