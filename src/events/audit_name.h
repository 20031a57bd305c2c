/*
 * audit_name -- names the files of the audit, in the spool and in the bucket. Pure; any thread.
 *
 *	dc0_worker5_20240103_19_8c1f0e5a77d2b946_3.json.gz	ids of a worker of a coordinator
 *	node0_20240103_19_8c1f0e5a77d2b946_3.json.gz		all other ids
 *
 * The instance is random for each start of a server, and the number rises with each file. A file that a killed server
 * left gets the instance of the next start. So no two files have one name, and no file replaces another one.
 */
#ifndef TICKR_EVENTS_AUDIT_NAME_H
#define TICKR_EVENTS_AUDIT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"

#define AUDIT_NAME_SIZE	    128 /* of a name with its ending and a NUL */
#define AUDIT_INSTANCE_LEN  16	/* lower-case hexadecimal digits */
#define AUDIT_INSTANCE_SIZE (AUDIT_INSTANCE_LEN + 1)
#define AUDIT_HOUR_MS	    UINT64_C(3600000)

/* The maker of the ids of a file. */
struct audit_maker {
	bool has_worker; /* DATACENTER and WORKER count, not NODE */
	uint64_t node;
	unsigned datacenter;
	unsigned worker;
};

/* The kinds of files. The ending tells the kind. */
enum audit_kind {
	AUDIT_FINISHED, /* .json.gz: complete; it waits for its upload */
	AUDIT_PART,	/* .part: gzip members; the server writes it */
	AUDIT_TORN, /* .torn: a part of an earlier run, which may end in the middle of a member */
	AUDIT_JOURNAL, /* .journal: lines, not packed; the server writes it */
	AUDIT_LINES,   /* .lines: a journal that waits to be packed */
	AUDIT_PACKING, /* .packing: lines that are being packed */
	AUDIT_KINDS
};

struct audit_name {
	struct audit_maker maker;
	uint64_t hour; /* hours since 1970, UTC */
	char instance[AUDIT_INSTANCE_SIZE];
	uint64_t number; /* from 1 */
};

/* Add the name of the file NAME of KIND. */
void audit_name_add(const struct audit_name *name, enum audit_kind kind, struct text *text);

/* Add the name of the finished file NAME in the bucket: "year=2024/month=01/day=03/hour=19/" and the name. */
void audit_name_add_key(const struct audit_name *name, struct text *text);

/* Add the folder of HOUR in the bucket: "year=2024/month=01/day=03/hour=19/". */
void audit_name_add_folder(uint64_t hour, struct text *text);

/* Read the name of a file. False: FILE is none of the audit's. */
bool audit_name_read(const char *file, struct audit_name *name, enum audit_kind *kind) MUST_CHECK;

/* Return whether ONE and OTHER are equal. */
bool audit_maker_equals(const struct audit_maker *one, const struct audit_maker *other) MUST_CHECK;

/* Parse an hour: "2024-01-03T19", in UTC. */
bool audit_name_parse_hour(const char *text, uint64_t *hour) MUST_CHECK;

#endif
