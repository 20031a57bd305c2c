/*
 * sequence_request -- one command of an operator about named sequences, wherever it is carried out. Pure.
 *
 * The commands of tickrd make it of their arguments, and carry it out on the database. Or they send it over the
 * control socket, and the server makes it of a path and a query:
 *
 *	GET  /sequences?after=NAME		list
 *	GET  /sequences/NAME			show
 *	POST /sequences/NAME/create?start=..	create; advance?past=ID and retire are alike
 *	GET  /sequences/NAME/create?start=..	print what POST would do; advance and retire are alike
 *	GET  /sequences/NAME/decode?id=ID	decode
 *	GET  /instances				list --instances
 *	GET  /instances/ID/fold			print the row that POST would delete
 *	POST /instances/ID/fold			fold
 *
 * Each query may name a store of TICKR_SEQUENCERS_FILE: store=NAME. A successful answer is the text that the command prints.
 */
#ifndef TICKR_SEQUENCE_REQUEST_H
#define TICKR_SEQUENCE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "front/stores.h"
#include "sequence_wish.h"
#include "ticket/sequence.h"

enum sequence_task {
	SEQUENCE_CREATE,
	SEQUENCE_LIST,
	SEQUENCE_SHOW,
	SEQUENCE_ADVANCE,
	SEQUENCE_RETIRE,
	SEQUENCE_DECODE,
	SEQUENCE_INSTANCES,
	SEQUENCE_FOLD,
};

#define SEQUENCE_PAGE 1000 /* lines of the list that one request gets */

struct sequence_request {
	enum sequence_task task;
	bool is_trial; /* change nothing: check, and print what would be done */
	char store[FRONT_STORE_NAME_MOST + 1]; /* of TICKR_SEQUENCERS_FILE; "": the own databases */
	char name[SEQUENCE_NAME_MOST + 1]; /* with a NUL after it; list: the name before the page */
	uint8_t name_len;	   /* fold: of the id of the instance, which NAME has then */
	struct sequence_wish wish; /* create */
	uint64_t id;		   /* advance: the last id to skip; decode */
	size_t database;	   /* list: which one */
};

/* Set the LEN bytes of NAME, if REQUEST may have it. False: PROBLEM says why not. */
bool sequence_request_set_name(struct sequence_request *request, const char *name, size_t len,
			       struct text *problem) MUST_CHECK;

/* Set the STORE of REQUEST. False: no store can have this name, and PROBLEM says so. */
bool sequence_request_set_store(struct sequence_request *request, const char *store,
				struct text *problem) MUST_CHECK;

/* Take the VALUE of an option of the task, in the words of the query. False: PROBLEM has the allowed values. */
bool sequence_request_set(struct sequence_request *request, const char *option, const char *value,
			  struct text *problem) MUST_CHECK;

#endif
