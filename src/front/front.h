/*
 * front -- requests for named sequences, as all protocols serve them.
 *
 * It finds the sequence of a name, decides by its policy, and asks the allocator:
 *
 *	front_create() --name is known--------------------> reserve -------> answer
 *	    '----------name is not known--> read the row --^   |
 *					       ^--the policy was changed (once)
 *
 * Loop thread, one for each loop; the directory is shared. Each call is answered exactly once, through its
 * callback, which may run before the function returns. A call is the caller's. It is zeroed, and stays where it
 * is until its answer.
 */
#ifndef TICKR_FRONT_FRONT_H
#define TICKR_FRONT_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allocator/allocator.h"
#include "directory/directory.h"
#include "front/busiest.h"
#include "front/decision.h"
#include "front/outcome.h"
#include "front/rewrite.h"
#include "ticket/scramble.h"
#include "ticket/sequence_result.h"

/* Which sequences there may be. */
enum front_names {
	FRONT_NAMES_DECLARED, /* those that an operator made */
	FRONT_NAMES_ANY,      /* a first use makes one */
};

struct front_settings {
	enum front_names names;
	size_t databases; /* of the server */
	struct allocator *allocator;
	struct directory *directory;
	struct scramble
		*scramble; /* of this loop, which front_new() takes; NULL: there is no key */

	const char *prefix; /* of the names in the store, see rewrite.h; it outlives the front */
	/* Where strong and weak numbers are reserved, and rows are read. NULL: the allocator's own sources. */
	const struct source *strong, *weak;
	/*
	 * The source of Snowflake ids that are one progression; WEAK is that of the others. Such a store has no rows,
	 * and its ids have no order over several servers. NULL: the store has rows.
	 */
	const struct source *groups;
	/* Whether ids may be issued; if not, REASON says why. NULL: always. */
	bool (*is_open)(void *arg, struct text *reason);

	/* The two functions about held numbers. They are not called for a store of Snowflake ids. */
	/* Return how many numbers of SEQUENCE the server holds ahead. */
	uint64_t (*held)(void *arg, struct sequence *sequence);
	/* Drop the held numbers, because a strong reservation was answered, or the policy was changed. */
	void (*drop)(void *arg, struct sequence *sequence);
	void *arg;
};

/* The reason of FRONT_UNAVAILABLE if an answer had to wait for its record, and the record was lost. */
#define FRONT_NOT_KEPT                                                                  \
	"the audit record of these ids cannot be written, so they are not issued: the " \
	"operator must look at the audit trail of this server"

struct front;

/* SETTINGS is copied; all that it points to outlives the front. */
struct front *front_new(const struct front_settings *settings) MUST_CHECK;
void front_free(struct front *front); /* NULL is allowed */

/* --- new ids ------------------------------------------------------------------------------------- */

struct front_ids {
	enum front_outcome outcome;
	const char *reason;	 /* not FRONT_OK; until the answer function returns */
	struct ticket_range ids; /* FRONT_OK; of scrambled ids: as they were before */
	const struct ticket_space *
		space; /* FRONT_OK: IDS are bases of this space, of Snowflake ids; NULL: IDS are ids */
	const uint64_t
		*scrambled; /* FRONT_OK: as many as IDS.count; NULL: not scrambled; as REASON */
	uint64_t taken_us;  /* by clock_us(): a session began to work on it; 0: none did */
	uint32_t node;	    /* FRONT_OK: of the database that answered */
};

struct front_create {
	struct front_wish wish;
	void (*answer)(struct front_create *create, const struct front_ids *ids);

	/* The front's own: */
	struct front *front;
	struct ticket_request request;
	struct sequence *sequence;     /* NULL: not known yet */
	struct sequence_policy policy; /* of it, by which the numbers are reserved */
	bool is_repeated;
};

/* Issue WISH.count ids of the sequence KEY, which sequence_name_is_valid() accepts. */
void front_create(struct front *front, struct front_create *create, const char *key, size_t len);

/* The ids of an answer, for their count and for the record of the request. Zeroed: there are none. */
struct front_issued {
	struct ticket_range ids;
	struct sequence *of;		  /* NULL: the Tickr sequence */
	const struct ticket_space *space; /* IDS are bases of it; NULL: IDS are ids */
	uint32_t node;			  /* without a space */
	bool is_scrambled;		  /* IDS are the ids before that */
	uint64_t taken_us;		  /* see struct ticket_answer */
	const char
		*sequence; /* its name in the store, or as it was asked for; SEQUENCE_LEN bytes */
	size_t sequence_len;
};

/* Return the IDS that answer CREATE. */
struct front_issued front_issued_by(const struct front_create *create,
				    const struct front_ids *ids) MUST_CHECK;

/*
 * Count the ids of ISSUED. All protocols call this when the answer leaves. Ids whose required record was lost leave in
 * no answer.
 */
void front_note_issued(const struct front_issued *issued);

/* --- rows of the database ----------------------------------------------------------------------- */

struct front_shown {
	enum front_outcome outcome;
	const char *reason;		      /* not FRONT_OK; until the answer function returns */
	const struct sequence_entry *entries; /* FRONT_OK: COUNT of them; as REASON */
	uint32_t count;			      /* 1 of front_show() */
	bool is_more;			      /* of front_list(): others follow */
	const struct ticket_space *space;     /* of the database that answered */
};

struct front_look {
	void (*answer)(struct front_look *look, const struct front_shown *shown);

	/* The front's own: */
	struct front *front;
	struct ticket_request request;
};

/* Read the sequence KEY from the database. */
void front_show(struct front *front, struct front_look *look, const char *key, size_t len);

/*
 * Set *ID to the id that became SCRAMBLED in ENTRY, a scrambled sequence from front_show(). Otherwise REASON says why
 * there is none: FRONT_BAD_REQUEST, or FRONT_UNAVAILABLE without the key.
 */
enum front_outcome front_unscramble(struct front *front, const struct sequence_entry *entry,
				    uint64_t scrambled, uint64_t *id,
				    struct text *reason) MUST_CHECK;

/* Read at most LIMIT sequences after the key AFTER, of LEN bytes (0: from the first on), in order of name. */
void front_list(struct front *front, struct front_look *look, const char *after, size_t len,
		uint32_t limit);

/* How many numbers of the sequence KEY the server holds ahead. */
uint64_t front_held(struct front *front, const char *key, size_t len);

/* Add the busiest sequences to a page of metrics, with at most BUSIEST_PAGE_SIZE bytes. */
void front_add_busiest(struct front *front, struct text *page);

#endif
